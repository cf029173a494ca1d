import Networks
import NormaCore
import Torch

/// What a golden file of RAS says of its network.
private struct RASGoldenConfiguration: Decodable {
  var channels: Int
  var height: Int
  var width: Int
  var hidden: Int
  var heads: Int
  var feedforward: Int
  var encoder: Int
  var decoder: Int
  var window: Int
  // Of the ablations; the published network when a file does not say.
  var gate: Bool?
  var transformer: Bool?
  var updateNorm: Bool?
  var scorePooling: Int?

  var configuration: RASConfiguration {
    var c = RASConfiguration(channels: channels, grid: Grid(height: height, width: width))
    c.hidden = hidden
    c.heads = heads
    c.feedForward = feedforward
    c.encoderBlocks = encoder
    c.decoderSteps = decoder
    c.window = window
    c.gate = gate ?? c.gate
    c.transformer = transformer ?? c.transformer
    c.updateNorm = updateNorm ?? c.updateNorm
    return c
  }
}

extension MethodGolden {
  /// RAS's golden file: every step's reconstruction, the anomaly map, the pixel map and the score.
  init(ras file: GoldenFile) throws {
    guard let described = file.decoded("config", as: RASGoldenConfiguration.self),
      let size = file.decoded("size", as: [Int].self), size.count == 2, size.allSatisfy({ $0 > 0 })
    else { throw GoldenError("\(file.name) does not describe its network and the map's size") }
    var method = RASMethod(described.configuration)
    method.scorePooling = described.scorePooling ?? method.scorePooling
    let pixels = Grid(height: size[0], width: size[1])
    let detector = method
    let reference = try file.tensor("features")
    let features = try Tensor(reference.values, shape: reference.shape)
    self.init(file: file, method: detector, features: [features]) { parameters in
      let network = try RAS(detector.configuration, parameters)
      let map = try detector.anomalyMap(features, network)
      let detection = try detector.detect([features], size: pixels, parameters: parameters)
      var outputs = [
        "anomaly_map": map, "pixel_map": detection.map, "image_score": detection.score,
      ]
      for (index, step) in try network.steps(features).enumerated() {
        outputs["steps.\(index)"] = step
      }
      return outputs
    }
  }
}
