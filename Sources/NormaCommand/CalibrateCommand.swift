import ArgumentParser
import Foundation
import Norma
import NormaCore
import NormaRuntime

/// `norma calibrate`.
struct CalibrateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "calibrate",
    abstract: "Set new thresholds from new normal pictures, without training again.",
    discussion: """
      FOLDER holds normal pictures that the model was not trained on: in
      sub-folders named as the model's categories, or directly, for a model of
      one category. The thresholds that they replace are kept in the manifest.

        norma calibrate line.norma good-pictures --false-alarm-rate 0.005
      """)

  @Argument(help: "The model folder.")
  var model: String

  @Argument(help: "A folder of normal pictures.")
  var folder: String

  @Option(help: "The share of normal pictures that may be called anomalous, such as 0.01.")
  var falseAlarmRate: Double?

  @OptionGroup var pictures: PictureOptions

  func run() throws {
    let interruption = Interruption()
    let folder = try ModelFolder.open(model)
    let old = try Calibration(json: folder.data(ModelFile.calibration))
    let samples = try normalSamples(of: folder.manifest)
    let found = try NormalPictures(
      samples, detector: Detector(model: folder), reader: pictures.reader,
      interruption: interruption)
    let new = try old.recalibrated(
      scores: found.scores, pixelMaxima: found.peaks, rate: falseAlarmRate)
    try folder.replacingCalibration(new.json())
    Terminal.say(new.summary)
  }

  private func normalSamples(of manifest: Manifest) throws -> [Sample] {
    var dataset = try DatasetReader.read(folder)
    if dataset.categories.count == 1, manifest.categories.count == 1 {
      for index in dataset.samples.indices {
        dataset.samples[index].category = manifest.categories[0]
      }
      dataset.categories = manifest.categories
    }
    let unknown = Set(dataset.categories).subtracting(manifest.categories).sorted()
    guard unknown.isEmpty else {
      throw FileProblem(
        path: folder,
        reason: "the model does not know \(unknown.joined(separator: ", ")); its categories are "
          + "\(manifest.categories.joined(separator: ", ")); name the sub-folders after them")
    }
    let reader = pictures.reader
    let summary = DatasetSummary(dataset, probe: { try reader.probe($0) })
    Terminal.say(summary.text)
    let normal = summary.dataset.train.filter { !$0.label.isAnomalous }
    guard !normal.isEmpty else {
      throw FileProblem(path: folder, reason: "there is no normal picture to calibrate on")
    }
    return normal
  }
}
