/// Reconstruction as sequence (RAS): the features are rebuilt in T_d steps, each of which looks at the
/// last one's latent through a gate and a transformer whose queries are learned context.
public struct RAS<V: Value>: ReconstructingNetwork {
  public let settings: RASSettings
  public let grid: Grid
  let input: Linear<V>
  let positions: LearnedPositions<V>
  let encoder: [TransformerBlock<V>]
  let decoder: [RASFormer<V>]
  let mask: AttentionMask<V>?

  /// - Parameter shape: of the aligned features.
  public init(
    _ settings: RASSettings, shape: MapShape, _ parameters: Parameters<V>
  ) throws {
    let c = settings
    self.settings = settings
    grid = shape.grid
    input = try Linear(parameters.scope("input"), from: shape.channels, to: c.hidden)
    positions = try LearnedPositions(parameters.scope("positions"), grid: grid, width: c.hidden)
    encoder = try (0..<c.encoder).map {
      try TransformerBlock(
        parameters.scope("encoder.\($0)"), width: c.hidden, heads: c.heads, inner: c.feedforward)
    }
    // The contexts begin equal in all steps, as in the released code.
    let firstContext = parameters.fullName("decoder.0.context")
    decoder = try (0..<c.decoder).map {
      try RASFormer(
        c, shape: shape, parameters.scope("decoder.\($0)"), context: $0 == 0 ? nil : firstContext)
    }
    mask =
      c.window > 0 && c.encoder > 0
      ? try AttentionMask(
        MaskPattern(height: grid.height, width: grid.width, window: c.window), like: input.weight)
      : nil
  }

  /// The reconstructions o_1 … o_{T_d}; the last is F_rec.
  ///
  /// - Parameters:
  ///   - features: aligned features F, `[batch, C, H, W]`.
  ///   - noise: where jitter and dropout are drawn from while training; nil otherwise.
  /// - Returns: as many feature maps `[batch, C, H, W]` as there are steps.
  public func steps(_ features: V, noise: TrainingNoise<V>? = nil) throws -> [V] {
    try zip(decoder, latents(features, noise: noise)).map {
      try $0.output($1).featureMap(grid)
    }
  }

  /// The latents l_1 … l_{T_d} of features without noise, tokens `[batch, H·W, D]`: for looking at what
  /// each step knows. Only o_{T_d} is supervised (eq. 13) and each step has an output W_o of its own, so
  /// what a trained network's earlier outputs make of their latents says nothing.
  public func latents(_ features: V) throws -> [V] { try latents(features, noise: nil) }

  /// F_rec alone, as tokens `[batch, H·W, C]`: what the loss and the anomaly map look at.
  public func reconstruction(_ features: V, noise: TrainingNoise<V>? = nil) throws -> V {
    guard let last = decoder.last, let latent = try latents(features, noise: noise).last else {
      throw NetworkError("RAS needs at least one decoder step")
    }
    return try last.output(latent)
  }

  private func latents(_ features: V, noise: TrainingNoise<V>?) throws -> [V] {
    var tokens = try features.tokens()
    if let noise {
      tokens = try tokens.jittered(by: noise.normal(tokens.shape), scale: Float(settings.jitter))
    }
    let dropout = noise?.dropout(Float(settings.dropout))
    let bottleneck = noise?.dropout(Float(settings.bottleneckDropout))
    let position = try positions()
    var x = try bottleneck(input(bottleneck(tokens)))
    for block in encoder {
      let located = try x + position
      x = try block(
        residual: x, queries: located, keys: located, values: x, mask: mask, dropout: dropout)
    }
    var latents: [V] = []
    for step in decoder {
      x = try step(x, position: position, dropout: dropout)
      latents.append(x)
    }
    return latents
  }
}

/// One step of the sequence (RAS eqs 7–11).
struct RASFormer<V: Value> {
  let context: V
  let gate: V?
  let block: TransformerBlock<V>?
  let update: Linear<V>
  let norm: LayerNorm<V>?
  let output: Linear<V>
  let hidden: Int

  /// - Parameter other: the full name of the context that this one begins equal to, if any.
  init(
    _ c: RASSettings, shape: MapShape, _ parameters: Parameters<V>, context other: String?
  ) throws {
    hidden = c.hidden
    context = try parameters(
      "context", [shape.grid.count, c.hidden],
      other.map(Initializer.copy(of:)) ?? .normal(mean: 0, deviation: 1))
    gate =
      c.gate
      ? try parameters(
        "gate.weight", [c.hidden, 2 * c.hidden],
        .xavierUniform(fanIn: 2 * c.hidden, fanOut: c.hidden)) : nil
    block =
      c.transformer
      ? try TransformerBlock(
        parameters.scope("block"), width: c.hidden, heads: c.heads, inner: c.feedforward) : nil
    update = try Linear(parameters.scope("update"), from: c.hidden, to: c.hidden)
    norm = c.updateNorm ? try LayerNorm(parameters.scope("norm"), width: c.hidden) : nil
    output = try Linear(parameters.scope("output"), from: c.hidden, to: shape.channels)
  }

  /// l_t from l_{t−1}, both `[batch, N, D]`.
  func callAsFunction(_ latent: V, position: V, dropout: Dropout<V>?) throws -> V {
    let shared = try context.reshaped([1, context.shape[0], hidden])
    let gated = try gate.map { try gating(latent, context: shared, weight: $0) } ?? latent
    let seen =
      try block.map {
        try $0(
          residual: shared, queries: shared + position, keys: gated + position, values: gated,
          dropout: dropout)
      } ?? gated
    let mean = try (update(latent) + seen).affine(scale: 0.5, offset: 0)
    return try norm.map { try $0(mean) } ?? mean
  }

  /// l_A = σ(W_A [c ; l]) ⊙ l. The context's half of W_A does not depend on the picture, so it is
  /// applied to the context alone.
  private func gating(_ latent: V, context: V, weight: V) throws -> V {
    let ofContext = try context.linear(weight: weight.sliced(axis: 1, 0..<hidden), bias: nil)
    let ofLatent = try latent.linear(
      weight: weight.sliced(axis: 1, hidden..<2 * hidden), bias: nil)
    return try (ofContext + ofLatent).sigmoid() * latent
  }
}

/// RAS as a detector (Yang, Chen, Liu et al., "Context Enhancement with Reconstruction as Sequence for
/// Unified Unsupervised Anomaly Detection").
public struct RASMethod: FeatureReconstruction, DefinedMethod, Equatable {
  public static let name = "ras"
  public static let title = "RAS"

  public var settings: RASSettings
  /// Of the aligned features.
  public let shape: MapShape
  public var score: PictureScore

  public init(
    _ settings: RASSettings = RASSettings(), shape: MapShape,
    score: PictureScore = .maximum(pooling: 16)
  ) {
    (self.settings, self.shape, self.score) = (settings, shape, score)
  }

  public init(_ settings: RASSettings, trunk: Trunk, context: MethodContext) throws {
    self.init(
      settings, shape: try Self.alignedOutput(trunk), score: context.score)
  }

  public static func check(
    _ settings: RASSettings, in context: MethodContext, _ check: inout SettingCheck
  ) {
    self.check(settings, grids: context.usualGrid.map { [$0] } ?? [], &check)
  }

  public static func check(_ settings: RASSettings, grids: [Int], _ check: inout SettingCheck) {
    guard settings.encoder > 0 else { return }
    for grid in grids { check.window("ras.window", settings.window, grid: grid) }
  }

  public var grid: Grid { shape.grid }
  public var jitter: Float {
    get { Float(settings.jitter) }
    set { settings.jitter = Double(newValue) }
  }
  public var residual: Residual {
    get { settings.residual }
    set { settings.residual = newValue }
  }
  public var loss: ReconstructionLoss { settings.loss }

  public func reconstructor<V: Value>(
    _ parameters: Parameters<V>
  ) throws -> any ReconstructingNetwork<V> {
    try RAS(settings, shape: shape, parameters)
  }
}
