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
    try recipe.validate(grids: trunk.maps.map(\.grid.height))
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
  public func weights(for recipe: Recipe, taps: LevelTaps) throws -> BackboneWeights {
    let name = recipe.backbone.name
    let key = "\(name) \(taps) \(recipe.backbone.weights ?? "")"
    if let weights = known[key] { return weights }
    let weights = try read(name, taps: taps, stated: recipe.backbone.weights)
    known[key] = weights
    return weights
  }

  private func read(_ name: String, taps: LevelTaps, stated: String?) throws -> BackboneWeights {
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

/// The trained network of a model, for a recipe that looks at its result in another way: graph,
/// thresholds and page are made anew, and it is not trained again.
public struct ReusedNetwork {
  public let model: ModelFolder
  private var manifest: Manifest { model.manifest }

  public init(model: ModelFolder) { self.model = model }

  /// - Throws: `FileProblem` when the recipe, or the backbone's weights, would have trained another one.
  func check(_ prepared: PreparedRecipe) throws {
    var asked = prepared.recipe
    // What was held out then is held out again, which is what `auto` asks for here.
    if asked.training.holdout == .auto { asked.training.holdout = manifest.recipe.training.holdout }
    let differences = asked.learned.differences(from: manifest.recipe.learned)
    guard differences.isEmpty else {
      // Of another method every key is another.
      let told = differences[0].key == "method" ? 1 : 4
      let list = differences.prefix(told).map {
        "\($0.key) is \($0.there) there and \($0.here) here"
      }
      throw FileProblem(
        path: model.path,
        reason: "its network was trained otherwise: \(list.joined(separator: ", "))"
          + (differences.count > list.count ? ", and more" : "")
          + "; the recipes may differ only in how the network's result is looked at")
    }
    try prepared.backbone.check(against: manifest, of: model.path)
  }

  /// - Parameter fingerprint: of the training pictures.
  /// - Throws: `FileProblem` when they are not those that the network was trained on, or the model's
  ///   weights are damaged.
  func network(fingerprint: String) throws -> TrainedNetwork {
    guard manifest.data.fingerprint == fingerprint else {
      throw FileProblem(
        path: model.path,
        reason:
          "its network was trained on other pictures; its thresholds need those that were held "
          + "out then")
    }
    let stored = try StoredNetwork(model).weights
    return TrainedNetwork(
      names: stored.keys.sorted(), shapes: stored.mapValues(\.shape),
      values: stored.mapValues(\.values),
      history: try record()?.losses ?? LossHistory())
  }

  /// How the network came to be; nil where nobody kept it.
  func record() throws -> TrainingRecord? { try TrainingRecord.read(from: model) }
}
