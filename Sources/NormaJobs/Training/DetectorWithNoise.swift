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
  /// - Throws: when the backbone's weights are not found or not those of the training, or the method
  ///   does not rebuild one map.
  convenience init(model: ModelFolder, jitter: Double, seed: UInt64) throws {
    let network = try ModelNetwork(model)
    let graph = try DetectorGraph.detector(
      DetectorNetwork(
        trunk: network.prepared.trunk, method: network.prepared.method,
        standardization: network.stored.standardization),
      backbone: network.prepared.backbone.parameters, weights: network.stored.weights,
      jitter: Float(jitter))
    try self.init(
      graph: graph, name: "\(model.path) with noise", imageSize: network.prepared.trunk.imageSize,
      precision: network.prepared.recipe.scoring.precision == .bf16 ? .bf16 : .f32,
      options: Options(cacheFolder: nil, noiseSeed: seed))
  }
}
