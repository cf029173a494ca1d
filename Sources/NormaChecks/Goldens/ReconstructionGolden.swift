import Networks
import NormaCore
import NormaTraining
import Torch

extension GoldenFile {
  /// What the file says of its network; throws when it does not.
  func described<Configuration: Decodable>(as type: Configuration.Type) throws -> Configuration {
    guard let found = decoded("config", as: type) else {
      throw GoldenError("\(name) does not describe its network")
    }
    return found
  }

  /// Height and width of the pixel map.
  func mapSize() throws -> Grid {
    guard let size = decoded("size", as: [Int].self), size.count == 2, size.allSatisfy({ $0 > 0 })
    else { throw GoldenError("\(name) does not say the map's size") }
    return Grid(height: size[0], width: size[1])
  }
}

extension MethodGolden {
  /// The golden file of a method that rebuilds features: every step's reconstruction, the anomaly map,
  /// the pixel map and the score.
  ///
  /// - Parameter steps: the feature maps that the network rebuilds, the last one F_rec.
  init<Method: FeatureReconstruction & TrainingMethod>(
    _ file: GoldenFile, reconstructing method: Method,
    steps: @escaping (Tensor, Parameters<Tensor>) throws -> [Tensor]
  ) throws {
    let pixels = try file.mapSize()
    let reference = try file.tensor("features")
    let features = try Tensor(reference.values, shape: reference.shape)
    self.init(file: file, method: method, features: [features]) { parameters in
      let map = try method.anomalyMap(features, method.reconstructor(parameters))
      let detection = try method.detect([features], size: pixels, parameters: parameters)
      var outputs = [
        "anomaly_map": map, "pixel_map": detection.map, "image_score": detection.score,
      ]
      for (index, step) in try steps(features, parameters).enumerated() {
        outputs["steps.\(index)"] = step
      }
      return outputs
    }
  }
}
