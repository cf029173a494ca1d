import ArgumentParser
import NormaCore

/// What every command that trains asks: the output, the recipe, and what is to be otherwise than it says.
public struct TrainingOptions: ParsableArguments {
  @Option(name: [.short, .long], help: "The model folder to write, such as line.norma.")
  public var output: String

  @Option(help: "A recipe: the name of one that comes with Norma, or a .yaml file.")
  public var recipe: String?

  @Option(help: "The backbone, such as efficientnet-b4. 'norma weights' lists them.")
  public var backbone: String?

  @Option(help: "Passes over the training pictures.")
  public var epochs: Int?

  @Option(help: "Pictures a step.")
  public var batch: Int?

  @Option(help: "What everything random is drawn from.")
  public var seed: Int?

  @Flag(
    help: "Go on with an interrupted training of the same output; starts anew if there is none.")
  public var resume = false

  @Flag(help: "Replace an output that exists.")
  public var force = false

  public init() {}

  public func validate() throws {
    if resume && force {
      throw ValidationError("--resume goes on, --force starts anew: give one of them.")
    }
  }

  /// Where the model goes.
  public var place: TrainingOutput {
    TrainingOutput(model: output, resume: resume, force: force)
  }

  public var recipeOptions: RecipeOptions {
    RecipeOptions(name: recipe, backbone: backbone, epochs: epochs, batch: batch, seed: seed)
  }
}
