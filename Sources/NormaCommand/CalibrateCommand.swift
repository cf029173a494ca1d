import ArgumentParser
import CommandLineBasics
import Foundation
import Norma
import NormaCore
import NormaFiles
import NormaJobs
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
    let folder = try ModelFolder.openForInspection(model)
    try CalibrationJob(
      model: folder, pictures: self.folder, rate: falseAlarmRate,
      reader: pictures.reader(for: folder.manifest), .terminal()
    ).run()
  }
}
