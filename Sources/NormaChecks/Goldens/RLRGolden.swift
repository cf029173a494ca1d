import Networks
import NormaCore
import NormaTraining
import Torch

/// What a golden file of RLR says of one level.
private struct RLRGoldenLevel: Decodable {
  var channels: Int
  var height: Int
  var width: Int
  var hidden: Int
  var heads: Int
  var window: Int

  var level: RLRLevelShape {
    RLRLevelShape(
      channels: channels, grid: Grid(height: height, width: width), hidden: hidden, window: window)
  }
}

extension MethodGolden {
  /// RLR's golden file: what each level rebuilds, its map, the pixel map and the score.
  init(rlr file: GoldenFile) throws {
    guard let levels = file.decoded("levels", as: [RLRGoldenLevel].self),
      let heads = levels.first?.heads, levels.allSatisfy({ $0.heads == heads }),
      let layers = file.decoded("layers", as: Int.self),
      let alpha = file.decoded("alpha", as: Double.self),
      let size = file.decoded("size", as: [Int].self), size.count == 2, size.allSatisfy({ $0 > 0 })
    else { throw GoldenError("\(file.name) does not describe its network and the map's size") }
    var settings = RLRSettings()
    (settings.heads, settings.layers, settings.alpha) = (heads, layers, alpha)
    let method = RLRMethod(settings, levels: levels.map(\.level))
    let pixels = Grid(height: size[0], width: size[1])
    let features = try levels.indices.map { index in
      let reference = try file.tensor("features.\(index)")
      return try Tensor(reference.values, shape: reference.shape)
    }
    self.init(file: file, method: method, features: features) { parameters in
      let network = try RLR(method.settings, levels: method.levels, parameters)
      let detection = try method.detect(features, size: pixels, parameters: parameters)
      var outputs = ["pixel_map": detection.map, "image_score": detection.score]
      for (index, rebuilt) in try network.reconstructions(features).enumerated() {
        outputs["reconstructed.\(index)"] = try rebuilt.featureMap(network.levels[index].grid)
      }
      for (index, map) in try method.levelMaps(features, network).enumerated() {
        outputs["level_map.\(index)"] = map
      }
      return outputs
    }
  }
}
