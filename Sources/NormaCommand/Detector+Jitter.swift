import Networks
import Norma
import NormaCore
import NormaTraining

extension Detector {
  /// A model's network with noise on its features, by which RAS, Table 6, measures what a trained network
  /// tolerates. Recorded anew, in floating point, from the model's weights and the backbone's.
  ///
  /// - Parameters:
  ///   - jitter: the noise's strength α (RAS, equation 5); 0 is none.
  ///   - seed: what the noise of each picture is drawn from, besides its place in the data set.
  /// - Throws: when the backbone's weights are not found, or the method does not rebuild one map.
  convenience init(model: ModelFolder, jitter: Double, seed: UInt64) throws {
    let recipe = model.manifest.recipe
    let trunk = try recipe.trunk()
    let backbone = try BackboneWeights.load(
      recipe.backbone.name, taps: trunk.taps, from: recipe.backbone.weights)
    let stored = try StoredNetwork(model)
    let network = DetectorNetwork(
      trunk: trunk, method: try recipe.trainingMethod(trunk),
      standardization: stored.standardization)
    let graph = try DetectorGraph.detector(
      network, backbone: backbone.parameters, weights: stored.weights, jitter: Float(jitter))
    try self.init(
      graph: graph, name: "\(model.path) with noise", imageSize: trunk.imageSize,
      precision: recipe.scoring.precision == .bf16 ? .bf16 : .f32,
      options: Options(cacheFolder: nil, noiseSeed: seed))
  }
}
