import ArgumentParser
import CommandLineBasics
import Foundation
import Norma
import NormaBenchmark
import NormaCore
import NormaFiles
import NormaRuntime

/// `norma benchmark`.
struct BenchmarkCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "benchmark",
    abstract: "Train and test what a plan compares, and make its table.",
    discussion: """
      PLAN is the name of one that comes with Norma (\(shipped)),
      or a .yaml file:

        categories: [bottle, tire]    # left out: all that the data set has
        setting: unified              # one model for all; separate: one each
        seeds: [0, 1, 2]
        minutes: 10                   # of training a run; left out: the recipe's
        rows:
          - name: gate only
            recipe: ras               # a recipe's name or file …
            set: {ras.transformer: false}          # … and keys to change in it
            published: {image: 97.5, pixel: 97.3, source: "RAS, Table 4"}
          - recipe: ras
            grid: {ras.encoder: [0, 2], ras.decoder: [1, 4]}   # a row for each

      Also: groups: [[bottle, tire], [pcb]] for models of some categories each;
      epochs; set for all rows; in a row jitter, noise on a trained network's
      features while it is tested; resamples of the bootstrap.

      The output folder gets benchmark.sqlite (runs, categories, every picture's
      score), results.csv and summary.csv, models/, and the page index.html: means
      and standard deviations over seeds, bootstrap intervals over pictures, the
      papers' figures, and row against row on the same pictures. Runs that are done
      stay done: Ctrl-C stops, the same command goes on, and a plan with more rows
      or seeds only does what is new. Rows that differ only in how a network's
      result is looked at (residual, smoothing, score, …) share its training.

        norma benchmark ras-table-4 pictures --output table-4
        norma benchmark mine.yaml pictures --seeds 0,1,2 --list
        norma benchmark unified pictures --row UniAD --row PaDiM
        norma benchmark mine.yaml pictures --records found --table

      --row runs some rows only; the table is of all that is done. --records takes
      in what 'norma-train benchmark' found, on a graphics card say; --table stops
      there. --list and --table also work while another 'norma benchmark' runs.

      Exit status: 0 done, 2 some pictures could not be read, 3 a run failed
      (the others are done), 64 wrong command line, 130 interrupted.
      """)

  private static var shipped: String {
    let names = ShippedFiles.plans.names
    return names.isEmpty ? "see Plans/" : names.joined(separator: ", ")
  }

  @Argument(help: "The plan: the name of one that comes with Norma, or a .yaml file.")
  var plan: String

  @Argument(help: "The data set: a folder, or a .csv table. Left out: the plan's own.")
  var dataset: String?

  @Option(
    name: [.short, .long], help: "The folder to write; by default the plan's name, .benchmark.")
  var output: String?

  @OptionGroup var wishes: BenchmarkWishes

  @Option(
    help: ArgumentHelp(
      "Take in what 'norma-train benchmark' found on another machine.", valueName: "folder"))
  var records: String?

  @Flag(help: "Only say which runs are done and which are to do.")
  var list = false

  @Flag(help: "Only make the table of what is done.")
  var table = false

  @Flag(help: "Remove each model after its tests.")
  var discardModels = false

  @Flag(help: "Write the table as one JSON object, metrics as fractions.")
  var json = false

  @OptionGroup var pictures: PictureOptions

  func run() throws {
    let cancellation = Signals.cancellation()
    let runner = try runner(cancellation)
    if let records { try take(BenchmarkRecord.all(in: records), into: runner) }
    if list { return try show(list: runner) }
    var failures = 0
    do {
      if !table { failures = try runner.run() }
    } catch let stop as Interrupted {
      try runner.output.write(runner.summary(), records: runner.records())
      throw stop
    }
    let (summary, records) = try (runner.summary(), runner.records())
    try runner.output.write(summary, records: records)
    try StandardOutput.print(json ? JSONText.line(summary) : "\n" + BenchmarkText.table(summary))
    let page = "page: \(runner.output.page)"
    if json { Messages.say(page) } else { try StandardOutput.print("\n" + page) }
    if failures > 0 { throw ExitStatus.failure }
    if records.contains(where: { $0.record.unreadable > 0 }) { throw ExitStatus.unreadable }
  }

  private func runner(_ cancellation: Cancellation) throws -> BenchmarkRunner {
    let path = try ShippedFiles.plans.find(self.plan)
    let folder = FilePath.parent(FilePath.absolute(path))
    let plan = try wishes.applied(to: BenchmarkPlan.read(path))
    // The table alone goes to standard output where it is to be read by a program.
    let tell: (String) -> Void = { [json] line in
      if json { Messages.say(line) } else { Terminal.say(line) }
    }
    let reader = pictures.reader
    let read = try DatasetReader.read(
      source(plan, file: path, folder: folder), isEmptyMask: reader.isEmptyMask)
    let rows = try plan.rows(categories: read.categories, file: path)
    let chosen = try wishes.chosen(of: rows, file: path)
    let used = Set(rows.flatMap { $0.runs.flatMap(\.categories) })
    let dataset = try TrainingPlan.readable(
      read.selecting(categories: used.sorted()), reader: reader, cancellation, tell: tell)
    try dataset.validateForEvaluation()
    let name = FilePath.stem(path)
    return BenchmarkRunner(
      plan: plan, name: name, rows: rows, chosen: chosen, dataset: dataset,
      output: try BenchmarkOutput(
        FilePath.absolute(output ?? "\(name).benchmark"), for: outputUse), reader: reader,
      discardsModels: discardModels, cancellation: cancellation, tell: tell,
      fingerprints: try BenchmarkFingerprints(
        dataset, reader: reader, cancellation: cancellation))
  }

  private var outputUse: BenchmarkOutput.Use {
    if list { return records == nil ? .look : .table }
    return table ? .table : .runs
  }

  /// Keeps the records of this plan's runs.
  private func take(_ records: [BenchmarkRecord], into runner: BenchmarkRunner) throws {
    let wanted = Set(runner.runs.map { runner.fingerprints.key(of: $0) })
    let taken = records.filter { wanted.contains($0.key) }
    guard !taken.isEmpty else {
      throw FileProblem(
        path: self.records ?? "",
        reason:
          "\(counted(records.count, "record")), and none of a run of this plan on these pictures; "
          + "--seeds, --epochs and --minutes have to be those of 'norma-train benchmark', and both "
          + "Normas of one version")
    }
    for record in taken { try runner.output.store.add(record) }
    let rest = records.count - taken.count
    Messages.say(
      "took in \(counted(taken.count, "record"))"
        + (rest > 0 ? "; \(rest) are of other runs than this plan's on these pictures" : ""))
  }

  /// The data set's path; one that the plan names is seen from the plan's folder.
  private func source(_ plan: BenchmarkPlan, file: String, folder: String) throws -> String {
    if let dataset { return dataset }
    guard let named = plan.dataset else {
      throw FileProblem(
        path: file, reason: "the plan names no data set; give one: norma benchmark PLAN DATASET")
    }
    return named.hasPrefix("/") ? named : folder + "/" + named
  }

  private func show(list runner: BenchmarkRunner) throws {
    var table = TextTable(columns: ["run", "seed", "categories", ""], right: [1])
    for run in runner.chosen.flatMap(\.runs) {
      let isDone = try runner.output.store.contains(runner.fingerprints.key(of: run))
      table.add([
        run.row, "\(run.seed)", run.categories.joined(separator: ", "), isDone ? "done" : "to do",
      ])
    }
    try StandardOutput.print(table.text)
  }
}
