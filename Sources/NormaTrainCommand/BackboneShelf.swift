import NormaCore
import NormaFiles
import NormaTraining

/// Backbone weights, read and checked once for all trainings of a process.
final class BackboneShelf {
  private var known: [String: BackboneWeights] = [:]
  /// The file or the folder that holds them; nil: what a recipe says, or where weights usually are.
  private let path: String?

  init(path: String?) { self.path = path.map(FilePath.absolute) }

  /// The weights that `recipe` asks for, up to the last of `taps`.
  func weights(for recipe: Recipe, taps: [Int]) throws -> BackboneWeights {
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
