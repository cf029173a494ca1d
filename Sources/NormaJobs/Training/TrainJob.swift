import Foundation
import Networks
import Norma
import NormaCore
import NormaFiles
import NormaTraining

/// `norma train`: a data set to a model folder.
public struct TrainJob {
  /// What somebody wants trained.
  public struct Request {
    /// A folder, or a .csv table.
    public var dataset: String
    /// Only these categories; nil: all.
    public var categories: [String]?
    public var recipe: RecipeOptions
    public var output: TrainingOutput
    /// A model whose network is taken instead of training one.
    public var weightsOf: String?
    public var reader: PictureReader
    /// The backbone's weights: a file, or a folder that holds it by its usual name; nil: what the recipe
    /// says, or where weights usually are.
    public var weights: String?

    public init(
      dataset: String, categories: [String]? = nil, recipe: RecipeOptions = RecipeOptions(),
      output: TrainingOutput, weightsOf: String? = nil, reader: PictureReader = PictureReader(),
      weights: String? = nil
    ) {
      (self.dataset, self.categories, self.recipe) = (dataset, categories, recipe)
      (self.output, self.weightsOf, self.reader) = (output, weightsOf, reader)
      self.weights = weights
    }
  }

  private let training: TrainingJob

  /// Everything that can be wrong is found here, before any work starts, the pictures looked at last.
  public init(_ request: Request, _ context: JobContext) throws {
    try request.output.check()
    let reused = try request.weightsOf.map { ReusedNetwork(model: try ModelFolder.open($0)) }
    var recipe = try request.recipe.recipe(instead: reused?.model.manifest.recipe)
    if request.recipe.name == nil, request.recipe.backbone == nil, reused == nil,
      request.weights == nil
    {
      recipe.backbone.name = Self.defaultBackbone(preferred: recipe.backbone.name, context)
    }
    // What was typed is answered before the weights are looked for: a wrong path is no matter of theirs.
    try recipe.validate()
    var dataset = try DatasetReader.read(request.dataset, by: request.reader)
    if let names = request.categories { dataset = try dataset.selecting(categories: names) }
    let prepared = try PreparedRecipe(
      recipe, weights: BackboneCache(path: request.weights))
    dataset = try dataset.readable(by: request.reader, context)
    training = try TrainingJob(
      prepared, source: DatasetSource(dataset, reader: request.reader, context),
      output: request.output, reused: reused, context)
  }

  /// - Throws: `Interrupted` when a stop is requested; what was done is kept.
  public func run() throws { try training.run() }

  /// The recipe's backbone where its weights are found, else Lite0's, which set-up fetches.
  private static func defaultBackbone(preferred: String, _ context: JobContext) -> String {
    let fallback = "efficientnet-lite0"
    for name in [preferred, fallback] {
      guard let known = KnownBackbone.named(name), WeightsRegistry.standard.find(known) != nil
      else { continue }
      context.note("No recipe given: RAS with \(name).")
      return name
    }
    return preferred
  }
}
