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

  @OptionGroup var options: BenchmarkOptions

  @Option(help: "Which part of the trainings, as 2/3; left out: all.")
  var part = PlanPart()

  @Flag(help: "Keep the models, beside the records.")
  var keepModels = false

  func run() throws {
    let context = JobContext.terminal()
    try Machine.use(computing.device)
    let job = try StorePlanJob(
      plan: plan, stores: stores, options: options.planOptions, output: output,
      weights: computing.weights, part: part, keepsModels: keepModels, context)
    if try job.run() > 0 { throw ExitStatus.failure }
  }
}

extension PlanPart: ExpressibleByArgument {
  public init?(argument: String) { self.init(argument) }
  public var defaultValueDescription: String { description }
}
