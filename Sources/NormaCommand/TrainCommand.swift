import ArgumentParser
import CommandLineBasics
import NormaCore
import NormaJobs
import NormaRuntime

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

      --weights-of makes a model of another one's network, where the recipe says
      otherwise only how its result is looked at: residual, smoothing, score,
      calibration. It takes the same data set and does not train again, but for
      the short trainings of thresholds by cross-fitting, where the recipe has it.

        norma train pictures --recipe mine.yaml --weights-of line.norma -o m.norma
      """)

  @Argument(help: "The data set: a folder, or a .csv table.")
  var dataset: String

  @OptionGroup var training: TrainingOptions

  @Option(help: "Only these categories, separated by commas.")
  var categories: String?

  @Option(
    parsing: .unconditional, help: "Side of the square that pictures are resized to, in pixels.")
  var imageSize: Int?

  @Option(help: "Take the network of this model; its own recipe unless --recipe says another.")
  var weightsOf: String?

  @OptionGroup var pictures: DatasetOptions

  func validate() throws {
    if weightsOf != nil, training.resume {
      throw ValidationError("--weights-of does not train again, so there is nothing to --resume.")
    }
  }

  func run() throws {
    var recipe = training.recipeOptions
    recipe.imageSize = imageSize
    let request = TrainJob.Request(
      dataset: dataset, categories: categories?.commaSeparated, recipe: recipe,
      output: training.place, weightsOf: weightsOf, reader: pictures.reader)
    try TrainJob(request, .terminal()).run()
  }
}
