import ArgumentParser
import CommandLineBasics
import NormaCore
import NormaTraining
import Torch

/// `norma-train benchmark`.
struct BenchmarkFromStore: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "benchmark",
    abstract: "Train and test what a plan compares, from stores of pictures.",
    discussion: """
      PLAN is what 'norma benchmark' takes. STORES hold its pictures, one store for
      each size that its recipes ask for:

        norma store DATASET --test --image-size 224 --output 224.store
        norma store DATASET --test --image-size 256 --output 256.store
        norma-train benchmark PLAN 224.store 256.store --output found --device cuda

      FOUND gets a file for each run, and no model unless --keep-models is given.
      Where the data set is, they become the plan's table:

        norma benchmark PLAN DATASET --records found

      Runs that are done stay done: Ctrl-C stops, the same command goes on. --part
      2/3 does every third training, beginning with the second, and all that is
      tested of it, so that several processes or machines share a plan. Exit codes:
      0 done, 3 a run failed (the others are done), 64 wrong usage, 130 interrupted.
      """)

  @Argument(help: "The plan: the name of one that comes with Norma, or a .yaml file.")
  var plan: String

  @Argument(help: "Stores of pictures, of different sizes.")
  var stores: [String]

  @Option(name: [.short, .long], help: "The folder to write.")
  var output: String

  @OptionGroup var computing: DeviceOptions

  @OptionGroup var wishes: BenchmarkWishes

  @Option(help: "Which part of the trainings, as 2/3; left out: all.")
  var part = BenchmarkPart()

  @Flag(help: "Keep the models, beside the records.")
  var keepModels = false

  func run() throws {
    let cancellation = Signals.cancellation()
    try Machine.use(computing.device)
    let failures = try StoreBenchmark(self, cancellation: cancellation).run()
    if failures > 0 { throw ExitStatus.failure }
  }
}

/// `2/3`: the second of three shares of a plan's trainings.
struct BenchmarkPart: ExpressibleByArgument, CustomStringConvertible {
  private(set) var number = 1
  private(set) var of = 1

  init() {}

  init?(argument: String) {
    let parts = argument.split(separator: "/", omittingEmptySubsequences: false).map { Int($0) }
    guard parts.count == 2, let number = parts[0], let of = parts[1], of >= 1,
      (1...of).contains(number)
    else { return nil }
    (self.number, self.of) = (number, of)
  }

  var description: String { "\(number)/\(of)" }
  var defaultValueDescription: String { description }

  func holds(_ index: Int) -> Bool { index % of == number - 1 }
}
