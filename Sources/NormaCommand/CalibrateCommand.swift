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
      The thresholds that are replaced are kept in the manifest. Pictures that
      the model was trained on are refused, whatever they are called.

        norma calibrate line.norma good-pictures --false-alarm-rate 0.005

      With --defects, pictures of defects show what other false-alarm rates
      would do: what they promise, what they flag of the normal pictures, and
      what they catch. One is recommended by what a miss costs; --set makes it
      the model's, else the thresholds are as FOLDER alone sets them.

        norma calibrate line.norma good-pictures --defects broken --miss-cost 50

      Normal pictures that stand far out are named: a defect among them lifts
      the thresholds.
      """)

  @Argument(help: "The model folder.")
  var model: String

  @Argument(help: "A folder of normal pictures.")
  var folder: String

  @Option(help: "The share of normal pictures that may be called anomalous, such as 0.01.")
  var falseAlarmRate: Double?

  @Option(
    help: ArgumentHelp(
      "Compare false-alarm rates by these pictures of defects.",
      discussion: "Arranged as FOLDER; below a category in any folders.", valueName: "folder"))
  var defects: String?

  @Option(
    help: ArgumentHelp(
      "With --defects: how many false alarms are as bad as one defect that passes (10).",
      valueName: "alarms"))
  var missCost: Double?

  @Option(
    help: ArgumentHelp(
      "With --defects: the share of pictures at the line that show a defect (0.01).",
      valueName: "share"))
  var defectShare: Double?

  @Flag(name: .customLong("set"), help: "With --defects: make the recommended rate the model's.")
  var setsRecommended = false

  @Flag(
    help: "Calibrate although the model was trained on some of the pictures: thresholds too low.")
  var allowTrainingPictures = false

  @Flag(help: "Write what came of it as one JSON object; notes go to standard error.")
  var json = false

  @OptionGroup var pictures: DatasetOptions

  func validate() throws {
    try FalseAlarmRate.validate(falseAlarmRate)
    if let missCost, !(missCost > 0 && missCost.isFinite) {
      throw ValidationError(
        "--miss-cost is \(missCost); it is a number of false alarms above 0, such as 10")
    }
    if let defectShare, !(defectShare > 0 && defectShare < 1) {
      throw ValidationError(
        "--defect-share is \(defectShare); it is a share above 0 and below 1, such as 0.01")
    }
    if defects == nil, missCost != nil || defectShare != nil {
      throw ValidationError(
        "--miss-cost and --defect-share weigh defects: name some with --defects")
    }
    if setsRecommended, defects == nil {
      throw ValidationError("--set sets what is recommended by defects: name some with --defects")
    }
    if setsRecommended, falseAlarmRate != nil {
      throw ValidationError("--set and --false-alarm-rate both say the rate: give one of them")
    }
  }

  func run() throws {
    let folder = try ModelFolder.openForInspection(model)
    var request = CalibrationJob.Request(
      model: folder, pictures: self.folder, rate: falseAlarmRate,
      reader: pictures.reader(for: folder.manifest))
    request.allowsTrainingPictures = allowTrainingPictures
    request.defects = defects
    let usual = OperatingPoints.Costs()
    request.costs = OperatingPoints.Costs(
      miss: missCost ?? usual.miss, defectShare: defectShare ?? usual.defectShare)
    request.setsRecommended = setsRecommended
    let outcome = try CalibrationJob(request, .terminal(notesAside: json)).run()
    if json { try StandardOutput.print(JSONText.line(outcome)) }
  }
}
