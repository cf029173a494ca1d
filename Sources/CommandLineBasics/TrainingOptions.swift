import ArgumentParser
import NormaCore

/// What every command that trains asks: the output, the recipe, and what of it is another's wish.
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

  /// The recipe with these wishes; not validated, as a command may have more of them.
  ///
  /// - Parameter other: the recipe where none is named; nil: the default.
  public func wishedRecipe(instead other: Recipe? = nil) throws -> Recipe {
    var recipe = try other.flatMap { self.recipe == nil ? $0 : nil } ?? Recipe.named(self.recipe)
    if let backbone { recipe.backbone.name = backbone }
    if let epochs { recipe.training.epochs = epochs }
    if let batch { recipe.training.batch = batch }
    if let seed { recipe.training.seed = seed }
    return recipe
  }
}
