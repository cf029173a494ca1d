import Networks
import NormaCore

extension Recipe {
  /// The frozen half that this recipe asks for.
  ///
  /// - Throws: when no such backbone is known, or it has no such taps.
  public func trunk() throws -> Trunk {
    guard let specification = EfficientNetSpecification.named(backbone.name) else {
      let known = EfficientNetSpecification.all.map(\.name).joined(separator: ", ")
      throw NetworkError("the backbone '\(backbone.name)' is unknown; known are \(known)")
    }
    let isRLR = method == "rlr"
    return try Trunk(
      specification,
      taps: backbone.taps ?? (isRLR ? specification.taps(atStrides: rlr.levels) : nil),
      padding: BackbonePadding(rawValue: backbone.padding.rawValue) ?? .nominal,
      imageSize: backbone.imageSize,
      arrangement: isRLR ? .levels(pools: features.pool) : .aligned(pools: features.pool))
  }

  /// The method, made for the maps of `trunk`.
  public func trainingMethod(_ trunk: Trunk) throws -> any TrainingMethod {
    switch method {
    case "ras": return try rasMethod(trunk)
    case "rlr": return try rlrMethod(trunk)
    default: throw NetworkError("the method '\(method)' is not built")
    }
  }

  private func rasMethod(_ trunk: Trunk) throws -> RASMethod {
    guard let aligned = trunk.outputs.first, trunk.outputs.count == 1 else {
      throw NetworkError("RAS takes one aligned feature map, not \(trunk.outputs.count)")
    }
    var c = RASConfiguration(channels: aligned.channels, grid: aligned.grid)
    c.hidden = ras.hidden
    c.heads = ras.heads
    c.feedForward = ras.feedforward
    c.encoderBlocks = ras.encoder
    c.decoderSteps = ras.decoder
    c.window = ras.window
    c.gate = ras.gate
    c.transformer = ras.transformer
    c.updateNorm = ras.updateNorm
    c.jitter = Float(ras.jitter)
    c.dropout = Float(ras.dropout)
    var method = RASMethod(c)
    method.scorePooling = scoring.pool
    return method
  }
}
