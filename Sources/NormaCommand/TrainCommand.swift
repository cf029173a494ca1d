import ArgumentParser
import Foundation
import Norma
import NormaCore
import NormaRuntime
import NormaTraining

/// `norma train`.
struct TrainCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "train",
    abstract: "Train one model on the normal pictures of a data set.",
    discussion: """
      DATASET is one of
        a folder in MVTec AD's layout   <category>/train/good, test/…
        a plain folder                  <category>/pictures, all of them normal
        a table                         .csv: path,category,split,label,mask

      The backbone's features are computed once and kept; training reads them
      from there. A part of the normal pictures is held out: thresholds come
      from it. Ctrl-C stops cleanly, and the same command with --resume goes on.

      Without --recipe: RAS with EfficientNet-B4 if its weights are found, else
      with Lite0.

        norma train pictures --output line.norma
        norma train mvtec --categories bottle,cable --recipe ras-fast -o f.norma
      """)

  @Argument(help: "The data set: a folder, or a .csv table.")
  var dataset: String

  @Option(name: [.short, .long], help: "The model folder to write, such as line.norma.")
  var output: String

  @Option(help: "A recipe: the name of one that comes with Norma, or a .yaml file.")
  var recipe: String?

  @Option(help: "Only these categories, separated by commas.")
  var categories: String?

  @Option(help: "The backbone, such as efficientnet-b4. 'norma weights' lists them.")
  var backbone: String?

  @Option(help: "Passes over the training pictures.")
  var epochs: Int?

  @Option(help: "Pictures a step.")
  var batch: Int?

  @Option(help: "Side of the square that pictures are resized to, in pixels.")
  var imageSize: Int?

  @Option(help: "What everything random is drawn from.")
  var seed: Int?

  @Flag(
    help: "Go on with an interrupted training of the same output; starts anew if there is none.")
  var resume = false

  @Flag(help: "Replace an output that exists.")
  var force = false

  @OptionGroup var pictures: PictureOptions

  func validate() throws {
    if resume && force {
      throw ValidationError("--resume goes on, --force starts anew: give one of them.")
    }
  }

  func run() throws {
    let interruption = Interruption()
    let plan = try TrainingPlan(self, interruption: interruption)
    let session = TrainingSession(plan, interruption: interruption)
    try session.run()
  }
}
