import ArgumentParser
import CommandLineBasics
import Foundation
import Norma
import NormaCore

/// `norma evaluate`: how good a model is on labelled test pictures.
public struct Evaluate: ParsableCommand {
  public static let configuration = CommandConfiguration(
    commandName: "evaluate",
    abstract: "Measure a model on a data set's test pictures.",
    discussion: """
      Per category and in the mean: image AUROC, average precision and best F1, pixel AUROC, average \
      precision and AUPRO (false-positive rate up to 0.3), all in percent, and what the model's own \
      thresholds do. For a model that knows how sure it is: the errors left among the others when a \
      person looks at the least sure pictures, and how far its probabilities hold. A page with curves and pictures is written into the model.

      Exit status: 0 done, 2 some pictures could not be read (the others are measured), 3 failure, \
      64 wrong command line, 130 interrupted.
      """)

  @Argument(help: "The model: a folder, or the same zipped.")
  public var model: String

  @Argument(help: "The data set: a folder in MVTec AD's layout, or a table (.csv).")
  public var dataset: String

  @Option(
    help: ArgumentHelp(
      "Measure only these categories.",
      discussion: "Without it those that the model was trained on.", valueName: "a,b"))
  public var categories: String?

  @Flag(help: "Write the figures as JSON, as fractions.")
  public var json = false

  @Option(
    help: ArgumentHelp(
      "Write the page into this folder instead of the model.", valueName: "folder"))
  public var report: String?

  @Flag(help: "Write no page.")
  public var noReport = false

  @OptionGroup public var pictures: PictureOptions

  public init() {}

  public func validate() throws {
    if report != nil && noReport {
      throw ValidationError("--report and --no-report contradict each other")
    }
    if let categories, categories.commaSeparated.isEmpty {
      throw ValidationError("--categories names none; write them as a,b")
    }
  }

  public func run() throws {
    let cancellation = Signals.cancellation()
    let folder = try ModelFolder.openForInspection(model)
    let reader = pictures.reader(for: folder.manifest)
    let chosen = try DatasetReader.read(dataset, by: reader).tested(
      on: categories?.commaSeparated, by: [folder.manifest])
    for note in chosen.notes { Messages.say("note: \(note)") }
    let evaluator = try Evaluator(model: folder, reader: reader)
    let progress = ProgressLine("Evaluating", total: chosen.test.count, unit: "pictures")
    defer { progress.clear() }
    let evaluation = try evaluator.evaluate(chosen) { done, _ in
      progress.update(done)
      try cancellation.check("Stopped; nothing is measured from a part of the pictures.")
    }
    progress.clear()
    for note in evaluation.notes { Messages.say("note: \(note)") }
    for problem in evaluation.unreadable { Messages.say("unreadable: \(problem)") }
    try StandardOutput.print(
      json ? JSONText.line(EvaluationOutput(evaluation)) : Self.text(evaluation))
    try cancellation.check("Stopped before the page was written.")
    if !noReport { try writePage(evaluation, evaluator, folder, chosen) }
    if !evaluation.unreadable.isEmpty { throw ExitStatus.unreadable }
  }

  private static func text(_ evaluation: Evaluation) -> String {
    var text = "\(EvaluationTable(evaluation.result))"
    if let accuracy = evaluation.autoAccuracy, evaluation.result.categories.count > 1 {
      text += "\n\ncategory recognised without being told: "
      text += String(
        format: "%.1f %%", locale: Locale(identifier: "en_US_POSIX"), 100 * accuracy)
    }
    if let dial = evaluation.review { text += "\n\n" + ReviewTable(dial).text }
    if let diagram = evaluation.reliability { text += "\n\n" + Self.text(diagram) }
    return text
  }

  private static func text(_ diagram: ReliabilityDiagram) -> String {
    String(
      format: "probabilities of %d tokens: %.1f %% anomalous in the mean, %.1f %% are; "
        + "expected calibration error %.1f %%", locale: Locale(identifier: "en_US_POSIX"),
      diagram.count, 100 * diagram.probability, 100 * diagram.observed,
      100 * diagram.expectedCalibrationError)
  }
}

/// What `evaluate --json` writes.
private struct EvaluationOutput: Encodable {
  var categories: [CategoryResult]
  var mean: CategoryResult
  var pooled: CategoryResult
  var autoAccuracy: Double?
  /// Left out for models that do not know how sure they are.
  var review: ReviewDial?
  /// Left out for models that give no probabilities, and for data sets without masks.
  var reliability: ReliabilityDiagram?
  var unreadable: [JSONText.Unreadable]

  init(_ evaluation: Evaluation) {
    categories = evaluation.result.categories
    mean = evaluation.result.mean
    pooled = evaluation.result.pooled
    autoAccuracy = evaluation.autoAccuracy
    review = evaluation.review
    reliability = evaluation.reliability
    unreadable = evaluation.unreadable.map(JSONText.Unreadable.init)
  }
}
