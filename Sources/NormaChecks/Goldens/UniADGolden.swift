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

  var configuration: UniADConfiguration {
    var c = UniADConfiguration(channels: channels, grid: Grid(height: height, width: width))
    c.hidden = hidden
    c.heads = heads
    c.feedForward = feedforward
    c.encoderBlocks = encoder
    c.decoderLayers = decoder
    c.window = window
    return c
  }
}

extension MethodGolden {
  /// UniAD's golden file: the reconstruction, the anomaly map, the pixel map and the score.
  init(uniad file: GoldenFile) throws {
    let configuration = try file.described(as: UniADGoldenConfiguration.self).configuration
    try self.init(file, reconstructing: UniADMethod(configuration)) { features, parameters in
      let network = try UniAD(configuration, parameters)
      return [try network.reconstruction(features).featureMap(configuration.grid)]
    }
  }
}
