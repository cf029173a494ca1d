/// What somebody wants of a recipe: one by its name or file, and what is to be otherwise than it says.
public struct RecipeOptions: Sendable, Equatable {
  /// The name of one that comes with Norma, or a .yaml file; nil: the default.
  public var name: String?
  public var backbone: String?
  public var epochs: Int?
  public var batch: Int?
  public var seed: Int?
  /// Side of the square that pictures are resized to, in pixels.
  public var imageSize: Int?

  public init(
    name: String? = nil, backbone: String? = nil, epochs: Int? = nil, batch: Int? = nil,
    seed: Int? = nil, imageSize: Int? = nil
  ) {
    (self.name, self.backbone, self.epochs) = (name, backbone, epochs)
    (self.batch, self.seed, self.imageSize) = (batch, seed, imageSize)
  }

  /// The recipe with these options; not validated.
  ///
  /// - Parameter other: the recipe where none is named; nil: the default.
  /// - Throws: what reading the recipe throws.
  public func recipe(instead other: Recipe? = nil) throws -> Recipe {
    var recipe = try other.flatMap { name == nil ? $0 : nil } ?? Recipe.named(name)
    if let backbone { recipe.backbone.name = backbone }
    if let epochs { recipe.training.epochs = epochs }
    if let batch { recipe.training.batch = batch }
    if let seed { recipe.training.seed = seed }
    if let imageSize { recipe.backbone.imageSize = imageSize }
    return recipe
  }
}

/// A job that cannot be, as it was asked for: the request is wrong, not the data.
public struct UsageProblem: Error, CustomStringConvertible, Sendable, Equatable {
  /// A sentence for the person who asked.
  public let description: String

  public init(_ description: String) { self.description = description }
}

/// A job that came to nothing, in words for the person who asked: what was found, and what to do.
public struct JobFailure: Error, CustomStringConvertible, Sendable, Equatable {
  public let description: String

  public init(_ description: String) { self.description = description }
}
