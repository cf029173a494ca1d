import ArgumentParser
import CommandLineBasics
import Foundation
import Norma
import NormaCore
import NormaFiles
import NormaReport

/// `norma evaluate`: how good a model is on labelled test pictures.
public struct Evaluate: ParsableCommand {
  public static let configuration = CommandConfiguration(
    commandName: "evaluate",
    abstract: "Measure a model on a data set's test pictures.",
    discussion: """
      Per category and in the mean: image AUROC, average precision and best F1, pixel AUROC, average \
      precision and AUPRO (false-positive rate up to 0.3), all in percent. False alarms and misses: as \
      'norma inspect' judges, with each picture's category recognised; as it would if told the category; \
      and by one threshold for all. Then the errors of the former that are left when a person looks at the \
      pictures in doubt, unknown ones first, then those whose level is nearest to 1; and how far the \
      probabilities of a model hold that gives some. A page with curves and pictures is written into the model.

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

  @OptionGroup public var pictures: DatasetOptions

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
    for note in chosen.notes { Messages.say("note: \(note.printable)") }
    let evaluator = try Evaluator(model: folder, reader: reader)
    if let caution = evaluator.caution { Terminal.warn(caution) }
    let progress = ProgressLine("Evaluating", total: chosen.test.count, unit: "pictures")
    defer { progress.clear() }
    let evaluation = try evaluator.evaluate(chosen) { done, _ in
      progress.update(done)
      try cancellation.check("Stopped; nothing is measured from a part of the pictures.")
    }
    progress.clear()
    for note in evaluation.notes { Messages.say("note: \(note.printable)") }
    for problem in evaluation.unreadable { Messages.say("unreadable: \(problem)") }
    try StandardOutput.print(
      json ? JSONText.line(EvaluationOutput(evaluation)) : Self.text(evaluation))
    try cancellation.check("Stopped before the page was written.")
    if !noReport { try writePage(evaluation, evaluator, folder, chosen, cancellation) }
    if !evaluation.unreadable.isEmpty { throw ExitStatus.unreadable }
  }

  private static func text(_ evaluation: Evaluation) -> String {
    var text = "\(EvaluationTable(evaluation.result))"
    if let accuracy = evaluation.autoAccuracy, evaluation.result.categories.count > 1 {
      text += "\n\ncategory recognised without being told: "
      text += Figures.terminal.percent(accuracy)
    }
    if let unknown = evaluation.unknown, unknown.normal + unknown.anomalous > 0 {
      text +=
        "\nunknown, like no category: \(unknown.normal) of "
        + "\(counted(unknown.normalPictures, "normal picture")) "
        + "(promised: about \(Figures.terminal.percent(unknown.rate, digits: 2))) and "
        + "\(unknown.anomalous) anomalous ones; counted as flagged"
    }
    if let dial = evaluation.review { text += "\n\n" + Self.text(dial) }
    if let diagram = evaluation.reliability { text += "\n\n" + Self.text(diagram) }
    return text
  }

  /// What it is worth to send the pictures in doubt to a person.
  private static func text(_ dial: ReviewDial) -> String {
    var table = TextTable(
      columns: ["to a person", "pictures", "false alarms", "missed", "errors"], right: Set(0..<5))
    for row in dial.byLevel {
      table.add([
        Figures.terminal.percent(row.share), "\(row.sent)", "\(row.falseAlarms)",
        "\(row.misses)", Figures.terminal.percent(row.errorRate),
      ])
    }
    return
      "errors among the rest, category recognised, when a person looks at those in doubt:\n"
      + "unknown ones first, then those whose level is nearest to 1\n\n" + table.text
  }

  private static func text(_ diagram: ReliabilityDiagram) -> String {
    let units = Figures.terminal
    return
      "probabilities of \(counted(diagram.count, "token")): \(units.percent(diagram.probability)) anomalous "
      + "in the mean, \(units.percent(diagram.observed)) are; expected calibration error "
      + units.percent(diagram.expectedCalibrationError)
  }
}

/// What `evaluate --json` writes.
private struct EvaluationOutput: Encodable {
  var categories: [CategoryResult]
  var mean: CategoryResult
  var pooled: CategoryResult
  var autoAccuracy: Double?
  /// Left out for models that cannot tell.
  var unknown: Evaluation.Unknown?
  /// Left out for models without thresholds.
  var review: ReviewDial?
  /// Left out for models that give no probabilities, and for data sets without masks.
  var reliability: ReliabilityDiagram?
  var unreadable: [JSONText.Unreadable]

  init(_ evaluation: Evaluation) {
    categories = evaluation.result.categories
    mean = evaluation.result.mean
    pooled = evaluation.result.pooled
    autoAccuracy = evaluation.autoAccuracy
    unknown = evaluation.unknown
    review = evaluation.review
    reliability = evaluation.reliability
    unreadable = evaluation.unreadable.map(JSONText.Unreadable.init)
  }
}

extension Evaluate {
  /// Writes the page into the folder that was named, else into the model, whose manifest then also
  /// has the figures. What another command changed in the model meanwhile stays. A model that cannot be
  /// changed keeps what it has: the figures are on the terminal already, so this is said and is no failure.
  func writePage(
    _ evaluation: Evaluation, _ evaluator: Evaluator, _ model: ModelFolder, _ dataset: Dataset,
    _ cancellation: Cancellation
  ) throws {
    let content = try EvaluationReport.content(
      of: model, evaluation: evaluation, evaluator: evaluator,
      dataset: FilePath.name(dataset.source))
    if let report {
      let path = "\(report)/index.html"
      try OutputFile(path, .page).check(replaces: true)
      try FilePath.createFolder(FilePath.absolute(report))
      try AtomicFile.write(Data(ReportPage.html(content).utf8), to: path)
      return try tell("page: \(path)")
    }
    var isToldToWait = false
    func waiting() throws {
      try cancellation.check("Stopped before the page was written.")
      if !isToldToWait {
        Messages.say("note: waiting for another command that changes \(model.path)")
      }
      isToldToWait = true
    }
    do {
      try model.changing(waiting: waiting) { now in
        let content = try EvaluationReport.content(content, evaluatedAs: model, now: now)
        return ModelFolder.Change(
          files: [
            ModelFile.report: Data(ReportPage.html(content).utf8),
            EvaluationReport.contentFile: try content.encoded(),
          ],
          manifest: { $0.metrics = evaluation.figures })
      }
      try tell("page: \(model.path)/\(ModelFile.report)")
    } catch let problem as FileProblem {
      Messages.say(
        "note: the page was not written into the model (\(problem)); --report FOLDER writes it "
          + "elsewhere")
    }
  }

  private func tell(_ line: String) throws {
    if json { Messages.say(line) } else { try StandardOutput.print("\n\(line)") }
  }
}
