import Networks
import NormaCore
import NormaTraining
import Torch

/// What a golden file of UniAD says of its network.
private struct UniADGoldenConfiguration: Decodable {
  var channels: Int
  var height: Int
  var width: Int
  var hidden: Int
  var heads: Int
  var feedforward: Int
  var encoder: Int
  var decoder: Int
  var window: Int

  var shape: MapShape { MapShape(channels: channels, grid: Grid(height: height, width: width)) }

  var settings: UniADSettings {
    var c = UniADSettings()
    c.hidden = hidden
    c.heads = heads
    c.feedforward = feedforward
    c.encoder = encoder
    c.decoder = decoder
    c.window = window
    return c
  }
}

extension MethodGolden {
  /// UniAD's golden file: the reconstruction, the anomaly map, the pixel map and the score.
  init(uniad file: GoldenFile) throws {
    let described = try file.described(as: UniADGoldenConfiguration.self)
    let (settings, shape) = (described.settings, described.shape)
    try self.init(file, reconstructing: UniADMethod(settings, shape: shape)) {
      features, parameters in
      let network = try UniAD(settings, shape: shape, parameters)
      return [try network.reconstruction(features).featureMap(shape.grid)]
    }
  }
}
