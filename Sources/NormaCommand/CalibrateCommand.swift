import ArgumentParser
import CommandLineBasics
import Foundation
import Norma
import NormaCore
import NormaFiles
import NormaReport
import NormaRuntime
import NormaTraining

/// `norma calibrate`.
struct CalibrateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "calibrate",
    abstract: "Set new thresholds from new normal pictures, without training again.",
    discussion: """
      FOLDER holds normal pictures that the model was not trained on: in
      sub-folders named as the model's categories, or directly, for a model of
      one category. Categories without new pictures keep those that they have.
      The thresholds that are replaced are kept in the manifest.

        norma calibrate line.norma good-pictures --false-alarm-rate 0.005
      """)

  @Argument(help: "The model folder.")
  var model: String

  @Argument(help: "A folder of normal pictures.")
  var folder: String

  @Option(help: "The share of normal pictures that may be called anomalous, such as 0.01.")
  var falseAlarmRate: Double?

  @OptionGroup var pictures: PictureOptions

  func validate() throws { try FalseAlarmRate.validate(falseAlarmRate) }

  func run() throws {
    let cancellation = Signals.cancellation()
    let folder = try ModelFolder.openForInspection(model)
    try folder.checkChangeable()
    let old = try folder.calibration()
    let reader = pictures.reader(for: folder.manifest)
    let found = try NormalPictures(
      normalSamples(of: folder.manifest, reader: reader), detector: Detector(model: folder),
      reader: reader, cancellation: cancellation, stopped: "Stopped; the model is as it was.",
      unreadable: { Terminal.warn("left out: \($0)") })
    guard !found.scores.isEmpty else {
      throw FileProblem(path: self.folder, reason: "none of its pictures can be read")
    }
    let new = try old.recalibrated(
      scores: found.scores, pixelMaxima: found.peaks, suspicions: found.suspicions,
      rate: falseAlarmRate)
    let content = try EvaluationReport.content(of: folder, calibration: new)
    try cancellation.check("Stopped; the model is as it was.")
    try folder.replacingCalibration(
      new,
      files: [
        ModelFile.report: Data(ReportPage.html(content).utf8),
        EvaluationReport.contentFile: content.encoded(),
      ])
    Terminal.say(new.summary)
    tellCategories(renewed: found.scores, old, folder.manifest)
  }

  /// Which categories' pictures are new, which are those from before, and which have none.
  private func tellCategories(
    renewed: [String: [Float]], _ old: Calibration, _ manifest: Manifest
  ) {
    let kept = old.keptCategories(renewing: renewed.keys)
    let without = Set(manifest.categories).subtracting(renewed.keys).subtracting(kept)
    guard manifest.categories.count > 1 else { return }
    Terminal.say("Renewed: \(renewed.keys.sorted().joined(separator: ", "))")
    if !kept.isEmpty {
      Terminal.say("Kept, with the pictures from before: \(kept.joined(separator: ", "))")
    }
    if !without.isEmpty {
      Terminal.say(
        "Without normal pictures, judged by the shared threshold: "
          + without.sorted().joined(separator: ", "))
    }
  }

  private func normalSamples(of manifest: Manifest, reader: PictureReader) throws -> [Sample] {
    let dataset = try DatasetReader.read(folder, isEmptyMask: reader.isEmptyMask)
      .named(for: manifest.categories)
    let unknown = Set(dataset.categories).subtracting(manifest.categories).sorted()
    guard unknown.isEmpty else {
      throw FileProblem(
        path: folder,
        reason: "the model does not know \(unknown.joined(separator: ", ")); its categories are "
          + "\(manifest.categories.joined(separator: ", ")); name the sub-folders after them")
    }
    let summary = DatasetSummary(dataset, probe: { try reader.probe($0) })
    Terminal.say(summary.text)
    let normal = summary.dataset.train.filter { !$0.label.isAnomalous }
    guard !normal.isEmpty else {
      throw FileProblem(path: folder, reason: "there is no normal picture to calibrate on")
    }
    return normal
  }
}
