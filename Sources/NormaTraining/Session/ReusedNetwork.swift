import NormaCore
import NormaFiles

/// The trained network of a model, for a recipe that looks at its result in another way: graph,
/// thresholds and page are made anew, and it is not trained again.
public struct ReusedNetwork {
  public let model: ModelFolder
  private var manifest: Manifest { model.manifest }

  public init(model: ModelFolder) { self.model = model }

  /// - Throws: `FileProblem` when the recipe, or the backbone's weights, would have trained another one.
  func check(_ prepared: PreparedRecipe) throws {
    let differences = prepared.recipe.learned.differences(from: manifest.recipe.learned)
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
      history: try TrainingRecord.read(from: model)?.losses ?? LossHistory())
  }
}
