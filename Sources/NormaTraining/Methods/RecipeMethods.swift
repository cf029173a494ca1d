import Networks
import NormaCore

extension Recipe {
  /// The frozen half that this recipe asks for.
  ///
  /// - Throws: when no such backbone is known, or it has no such taps.
  public func trunk() throws -> Trunk {
    guard let specification = Backbones.named(backbone.name) else {
      let known = Backbones.all.map(\.name).joined(separator: ", ")
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
  public func trainingMethod(_ trunk: Trunk) throws -> any LearningMethod {
    switch method {
    case "padim": return try padimMethod(trunk)
    case "patchcore": return try patchCoreMethod(trunk)
    case "ras": return try rasMethod(trunk)
    case "rlr": return try rlrMethod(trunk)
    case "uniad": return try uniADMethod(trunk)
    case "uranet": return try uraNetMethod(trunk)
    default: throw NetworkError("the method '\(method)' is not built")
    }
  }

  private func rasMethod(_ trunk: Trunk) throws -> RASMethod {
    let aligned = try alignedOutput(trunk)
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
    method.residual = Residual(ras.residual)
    method.scorePooling = scoring.pool
    return method
  }

  private func uniADMethod(_ trunk: Trunk) throws -> UniADMethod {
    let aligned = try alignedOutput(trunk)
    var c = UniADConfiguration(channels: aligned.channels, grid: aligned.grid)
    c.hidden = uniad.hidden
    c.heads = uniad.heads
    c.feedForward = uniad.feedforward
    c.encoderBlocks = uniad.encoder
    c.decoderLayers = uniad.decoder
    c.window = uniad.window
    c.masksEncoder = uniad.maskEncoder
    c.masksSelfAttention = uniad.maskSelf
    c.masksCrossAttention = uniad.maskCross
    c.jitter = Float(uniad.jitter)
    c.dropout = Float(uniad.dropout)
    var method = UniADMethod(c)
    method.residual = Residual(uniad.residual)
    method.scorePooling = scoring.pool
    return method
  }

  func alignedOutput(_ trunk: Trunk) throws -> (channels: Int, grid: Grid) {
    guard let aligned = trunk.outputs.first, trunk.outputs.count == 1 else {
      throw NetworkError("\(method) takes one aligned feature map, not \(trunk.outputs.count)")
    }
    return aligned
  }
}

extension Residual {
  init(_ recipe: ResidualRecipe) {
    switch recipe {
    case .norm: self = .norm
    case .product: self = .product
    case .sum: self = .sum
    }
  }
}
