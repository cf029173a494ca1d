import ArgumentParser
import CommandLineBasics
import NormaCore
import NormaTraining
import Torch

/// `norma-train`.
struct NormaTrain: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "norma-train",
    abstract: "Train and compare models from a store of pictures, with LibTorch alone.",
    discussion: """
      For a machine with a GPU, which needs neither the data set nor
      anything to decode it with: 'norma store' writes the store on any other.

        norma-train pictures.store --output line.norma --device cuda
        norma-train benchmark ras-table-4 pictures.store --output found --device cuda
      """,
    version: NormaVersion.current, subcommands: [TrainFromStore.self, BenchmarkFromStore.self],
    defaultSubcommand: TrainFromStore.self)
}

extension Device: ExpressibleByArgument {}

/// Where to compute, and with what.
struct DeviceOptions: ParsableArguments {
  @Option(help: "Where to compute: cuda (the first NVIDIA GPU) or cpu.")
  var device = Device.cpu

  @Option(
    help: ArgumentHelp(
      "The backbone's weights: the file, or a folder that holds it by its usual name.",
      valueName: "path"))
  var weights: String?
}

/// `norma-train train`, which is also what `norma-train` does without a verb.
struct TrainFromStore: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "train",
    abstract: "Train a model from a store of pictures, with LibTorch alone: on a GPU.",
    discussion: """
      STORE is what 'norma store DATASET --output STORE' writes, on any machine.
      Backbone, training and thresholds are computed by LibTorch, on an NVIDIA
      GPU or on the processor. The model folder is like that of 'norma train',
      without its page, which 'norma evaluate' adds where pictures are inspected.

        norma-train pictures.store --output line.norma --device cuda
        norma-train pictures.store -o line.norma --recipe ras-paper --device cuda

      Ctrl-C stops cleanly, and the same command with --resume goes on. Exit codes:
      0 success, 3 failure, 64 wrong usage, 130 interrupted.
      """)

  @Argument(help: "The store of pictures.")
  var store: String

  @OptionGroup var training: TrainingOptions

  @OptionGroup var computing: DeviceOptions

  @Option(
    help: ArgumentHelp(
      "Pictures an epoch: more than the store has take its pictures again.", valueName: "count"))
  var picturesPerEpoch: Int?

  func validate() throws {
    if let picturesPerEpoch, picturesPerEpoch < 1 {
      throw ValidationError("--pictures-per-epoch is \(picturesPerEpoch); at least 1 is needed")
    }
  }

  func run() throws {
    let context = JobContext.terminal()
    try Machine.use(computing.device)
    try StoreTrainingJob(
      store: store, options: training.recipeOptions, output: training.place,
      weights: computing.weights, picturesPerEpoch: picturesPerEpoch, context
    ).run()
  }
}
