import Networks
import NormaCore
import NormaFiles
import NormaTraining

/// A model folder's network, to be run in LibTorch: what it was trained with and what it learned.
struct ModelNetwork {
  let recipe: Recipe
  let trunk: Trunk
  let method: any LearningMethod
  let stored: StoredNetwork
  let backbone: BackboneWeights

  /// - Throws: when the backbone's weights are not found, or not those of the training.
  init(_ model: ModelFolder) throws {
    recipe = model.manifest.recipe
    trunk = try recipe.trunk()
    stored = try StoredNetwork(model)
    method = try recipe.trainingMethod(trunk)
    backbone = try BackboneWeights.load(
      recipe.backbone.name, taps: trunk.taps, from: recipe.backbone.weights)
    guard backbone.digest == model.manifest.backbone.weightsDigest else {
      throw FileProblem(
        path: backbone.path, reason: "these are not the weights that the model was trained with")
    }
  }
}
