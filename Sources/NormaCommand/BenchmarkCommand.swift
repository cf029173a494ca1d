import ArgumentParser
import CommandLineBasics
import Foundation
import Norma
import NormaCore
import NormaFiles
import NormaJobs
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

  @OptionGroup var options: BenchmarkOptions

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

  @OptionGroup var pictures: DatasetOptions

  func run() throws {
    // The table alone goes to standard output where it is to be read by a program.
    let context = JobContext.terminal(notesAside: json)
    let job = try BenchmarkJob(
      BenchmarkJob.Request(
        plan: plan, dataset: dataset, output: output, options: options.planOptions, use: use,
        discardsModels: discardModels, reader: pictures.reader), context)
    if let records { try job.take(recordsIn: records) }
    if list { return try StandardOutput.print(Self.text(job.list())) }
    let failures = table ? 0 : try job.run()
    let (summary, leftOutPictures) = try job.writeTable()
    try StandardOutput.print(json ? JSONText.line(summary) : "\n" + BenchmarkText.table(summary))
    let page = "page: \(job.page)"
    if json { Messages.say(page) } else { try StandardOutput.print("\n" + page) }
    if failures > 0 { throw ExitStatus.failure }
    if leftOutPictures { throw ExitStatus.unreadable }
  }

  private var use: BenchmarkOutput.Use {
    if list { return records == nil ? .look : .table }
    return table ? .table : .runs
  }

  private static func text(_ listed: [BenchmarkJob.Listed]) -> String {
    var table = TextTable(columns: ["run", "seed", "categories", ""], right: [1])
    for (run, isDone) in listed {
      table.add([
        run.row, "\(run.seed)", run.categories.joined(separator: ", "), isDone ? "done" : "to do",
      ])
    }
    return table.text
  }
}
