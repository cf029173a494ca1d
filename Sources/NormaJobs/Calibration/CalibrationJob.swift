import Foundation
import Norma
import NormaCore
import NormaFiles
import NormaReport
import NormaTraining

/// `norma calibrate`: new thresholds from new normal pictures, without training again.
public struct CalibrationJob {
  private let model: ModelFolder
  private let folder: String
  private let rate: Double?
  private let reader: PictureReader
  private let context: JobContext

  /// - Parameters:
  ///   - folder: normal pictures, in sub-folders named as the model's categories, or directly for a model
  ///     of one.
  ///   - rate: the share of normal pictures that may be called anomalous; nil: as before.
  /// - Throws: `FileProblem` when the model cannot be changed.
  public init(
    model: ModelFolder, pictures folder: String, rate: Double?, reader: PictureReader,
    _ context: JobContext
  ) throws {
    try model.checkChangeable()
    (self.model, self.folder, self.rate) = (model, folder, rate)
    (self.reader, self.context) = (reader, context)
  }

  /// Scores the pictures and replaces the model's calibration; the old one is kept in its manifest.
  /// - Throws: `Interrupted` when a stop is requested, `FileProblem` when there is no picture; the model
  ///   is then as it was.
  public func run() throws {
    let stopped = "Stopped; the model is as it was."
    let old = try model.calibration()
    let samples = try normalSamples()
    let detector = try Detector(model: model)
    if let caution = detector.caution { context.warning(caution) }
    let found = try NormalPictures(
      samples, detector: detector, reader: reader, context,
      stopped: stopped, unreadable: { context.warning("left out: \($0)") })
    guard !found.scores.isEmpty else {
      throw FileProblem(path: folder, reason: "none of its pictures can be read")
    }
    let new = try old.recalibrated(
      scores: found.scores, pixelMaxima: found.peaks, suspicions: found.suspicions, rate: rate,
      pictures: found.features)
    let content = try EvaluationReport.content(of: model, calibration: new)
    try context.check(stopped)
    try model.replacingCalibration(
      new,
      files: [
        ModelFile.report: Data(ReportPage.html(content).utf8),
        EvaluationReport.contentFile: content.encoded(),
      ])
    context.note(new.summary)
    tellCategories(renewed: found.scores, old)
  }

  /// Which categories' pictures are new, which are those from before, and which have none.
  private func tellCategories(renewed: [String: [Float]], _ old: Calibration) {
    let manifest = model.manifest
    let kept = old.keptCategories(renewing: renewed.keys)
    let without = Set(manifest.categories).subtracting(renewed.keys).subtracting(kept)
    guard manifest.categories.count > 1 else { return }
    context.note("Renewed: \(renewed.keys.sorted().joined(separator: ", "))")
    if !kept.isEmpty {
      context.note("Kept, with the pictures from before: \(kept.joined(separator: ", "))")
    }
    if !without.isEmpty {
      context.note(
        "Without normal pictures, judged by the shared threshold: "
          + without.sorted().joined(separator: ", "))
    }
  }

  private func normalSamples() throws -> [Sample] {
    let manifest = model.manifest
    let dataset = try DatasetReader.read(folder, by: reader).named(for: manifest.categories)
    let unknown = Set(dataset.categories).subtracting(manifest.categories).sorted()
    guard unknown.isEmpty else {
      throw FileProblem(
        path: folder,
        reason: "the model does not know \(unknown.joined(separator: ", ")); its categories are "
          + "\(manifest.categories.joined(separator: ", ")); name the sub-folders after them")
    }
    let summary = DatasetSummary(dataset, probe: { try reader.probe($0) })
    context.note(summary.text)
    let normal = summary.dataset.train.filter { !$0.label.isAnomalous }
    guard !normal.isEmpty else {
      throw FileProblem(path: folder, reason: "there is no normal picture to calibrate on")
    }
    return normal
  }
}
