import ArgumentParser
import NormaCore
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
