import Foundation
import Networks
import NormaCore
import NormaFiles

/// A recipe with everything that it takes to train it: checked once, before any work starts.
public struct PreparedRecipe {
  public let recipe: Recipe
  public let trunk: Trunk
  public let method: any LearningMethod
  public let backbone: BackboneWeights

  /// - Parameter weights: where backbones' weights are found.
  /// - Throws: `RecipeProblem` when the recipe cannot be, alone or with its backbone; what
  ///   ``BackboneWeights/load(_:taps:from:registry:)`` throws.
  public init(_ recipe: Recipe, weights: BackboneCache = BackboneCache()) throws {
    try recipe.validate()
    trunk = try recipe.trunk()
    try recipe.validate(grids: trunk.outputs.map(\.grid.height))
    method = try recipe.trainingMethod(trunk)
    backbone = try weights.weights(for: recipe, taps: trunk.taps)
    self.recipe = recipe
  }

  /// The maps that the trunk gives for each picture.
  public var shapes: [FeatureShape] {
    trunk.outputs.map { FeatureShape(channels: $0.channels, grid: $0.grid) }
  }
}

/// Backbones' weights, read and checked once for all trainings of a process.
public final class BackboneCache {
  private var known: [String: BackboneWeights] = [:]
  private let path: String?

  /// - Parameter path: the file or the folder that holds them; nil: what a recipe says, or where weights
  ///   usually are.
  public init(path: String? = nil) { self.path = path.map(FilePath.absolute) }

  /// The weights that `recipe` asks for, up to the last of `taps`.
  public func weights(for recipe: Recipe, taps: [Int]) throws -> BackboneWeights {
    let name = recipe.backbone.name
    let key = "\(name) \(taps) \(recipe.backbone.weights ?? "")"
    if let weights = known[key] { return weights }
    let weights = try read(name, taps: taps, stated: recipe.backbone.weights)
    known[key] = weights
    return weights
  }

  private func read(_ name: String, taps: [Int], stated: String?) throws -> BackboneWeights {
    guard let path else { return try .load(name, taps: taps, from: stated) }
    return FilePath.isFolder(path)
      ? try .load(name, taps: taps, registry: WeightsRegistry(folders: [path]))
      : try .load(name, taps: taps, from: path)
  }
}

extension BackboneWeights {
  /// Refuses other weights than those that a model was trained with.
  /// - Parameters:
  ///   - model: whose manifest is asked.
  ///   - remedy: what to do, besides bringing those back.
  /// - Throws: `FileProblem`.
  public func check(against manifest: Manifest, of model: String, remedy: String? = nil) throws {
    guard digest != manifest.backbone.weightsDigest else { return }
    throw FileProblem(
      path: path,
      reason: "these are not the weights that \(model) was trained with"
        + (remedy.map { "; \($0)" } ?? ""))
  }
}

/// A model folder's network, to be run in LibTorch: what it was trained with and what it learned.
public struct ModelNetwork {
  public let prepared: PreparedRecipe
  public let stored: StoredNetwork

  /// - Throws: when the backbone's weights are not found, or not those of the training.
  public init(_ model: ModelFolder) throws {
    stored = try StoredNetwork(model)
    prepared = try PreparedRecipe(model.manifest.recipe)
    try prepared.backbone.check(against: model.manifest, of: model.path)
  }
}
