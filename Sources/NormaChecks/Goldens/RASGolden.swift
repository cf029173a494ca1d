import Networks
import NormaCore
import NormaTraining
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

  var shape: MapShape { MapShape(channels: channels, grid: Grid(height: height, width: width)) }

  var settings: RASSettings {
    var c = RASSettings()
    c.hidden = hidden
    c.heads = heads
    c.feedforward = feedforward
    c.encoder = encoder
    c.decoder = decoder
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
    let described = try file.described(as: RASGoldenConfiguration.self)
    var method = RASMethod(described.settings, shape: described.shape)
    method.scorePooling = described.scorePooling ?? method.scorePooling
    try self.init(file, reconstructing: method) { features, parameters in
      try RAS(described.settings, shape: described.shape, parameters).steps(features)
    }
  }
}
