import Foundation
import Networks
import NormaCore
import NormaFiles

/// A recipe with everything that it takes to train it: checked once, before any work starts.
public struct PreparedRecipe {
  public let recipe: Recipe
  public let trunk: Trunk
  public let method: any LearningMethod
  /// The weights of the backbone, of several those of the first.
  public let backbone: BackboneWeights
  /// The parameters of the whole trunk, by name; what further backbones have with their prefixes
  /// (`Trunk.parameterScope(ofPart:)`).
  public let parameters: [String: WeightTensor]
  private let several: [PreparedRecipe]

  /// One for each backbone, what there is but one of being the recipe itself.
  public var parts: [PreparedRecipe] { several.isEmpty ? [self] : several }

  /// - Parameter weights: where backbones' weights are found.
  /// - Throws: `RecipeProblem` when the recipe cannot be, alone or with its backbone; what
  ///   ``BackboneWeights/load(_:taps:from:registry:)`` throws.
  public init(_ recipe: Recipe, weights: BackboneCache = BackboneCache()) throws {
    try recipe.validate()
    try recipe.validate(grids: recipe.trunk().maps.map(\.grid.height))
    let parts = recipe.parts
    if parts.count == 1 {
      try self.init(one: recipe, weights: weights, isBeside: false)
    } else {
      try self.init(
        recipe,
        parts: parts.enumerated().map {
          try PreparedRecipe(one: $1, weights: weights, isBeside: $0 > 0)
        })
    }
  }

  private init(one recipe: Recipe, weights: BackboneCache, isBeside: Bool) throws {
    trunk = try recipe.trunk()
    method = try recipe.trainingMethod(trunk)
    backbone = try weights.weights(for: recipe, taps: trunk.taps, isBeside: isBeside)
    parameters = backbone.parameters
    several = []
    self.recipe = recipe
  }

  private init(_ recipe: Recipe, parts: [PreparedRecipe]) throws {
    let trunk = try recipe.trunk()
    method = try recipe.trainingMethod(trunk)
    backbone = parts[0].backbone
    parameters = parts.enumerated().reduce(into: [:]) { all, part in
      let scope = trunk.parameterScope(ofPart: part.offset).map { $0 + "." } ?? ""
      for (name, tensor) in part.element.parameters { all[scope + name] = tensor }
    }
    several = parts
    (self.recipe, self.trunk) = (recipe, trunk)
  }

  /// What a manifest says of the backbones.
  var backbones: [Manifest.Backbone] {
    parts.map {
      Manifest.Backbone(
        name: $0.recipe.backbone.name, weightsDigest: $0.backbone.digest,
        licence: $0.backbone.licence)
    }
  }

  /// Refuses other weights of backbones than those that a model was trained with.
  ///
  /// - Parameters:
  ///   - manifest: of the model.
  ///   - model: what errors call it.
  ///   - remedy: what to do, besides bringing those back.
  /// - Throws: `FileProblem`.
  public func checkWeights(
    against manifest: Manifest, of model: String, remedy: String? = nil
  ) throws {
    for (part, kept) in zip(parts, manifest.backbones) {
      try part.backbone.check(against: kept, of: model, remedy: remedy)
    }
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
  ///   usually are. A file is that of a recipe's first backbone; those beside it are found as without.
  public init(path: String? = nil) { self.path = path.map(FilePath.absolute) }

  /// The weights that `recipe` asks for, up to the last of `taps`.
  ///
  /// - Parameter isBeside: whether its backbone is a further one of the recipe that it is part of.
  public func weights(
    for recipe: Recipe, taps: LevelTaps, isBeside: Bool = false
  ) throws -> BackboneWeights {
    let name = recipe.backbone.name
    let key = "\(name) \(taps) \(recipe.backbone.weights ?? "") \(isBeside)"
    if let weights = known[key] { return weights }
    let isOfFile = isBeside && path.map { !FilePath.isFolder($0) } ?? false
    let weights = try read(
      name, taps: taps, stated: recipe.backbone.weights, from: isOfFile ? nil : path)
    known[key] = weights
    return weights
  }

  private func read(
    _ name: String, taps: LevelTaps, stated: String?, from path: String?
  ) throws -> BackboneWeights {
    guard let path else { return try .load(name, taps: taps, from: stated) }
    return FilePath.isFolder(path)
      ? try .load(name, taps: taps, registry: WeightsRegistry(folders: [path]))
      : try .load(name, taps: taps, from: path)
  }
}

extension BackboneWeights {
  fileprivate func check(
    against kept: Manifest.Backbone, of model: String, remedy: String?
  ) throws {
    guard digest != kept.weightsDigest else { return }
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
    try prepared.checkWeights(against: model.manifest, of: model.path)
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
    try prepared.checkWeights(against: manifest, of: model.path)
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
