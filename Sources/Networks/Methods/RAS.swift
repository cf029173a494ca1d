/// Everything that shapes a RAS network.
public struct RASConfiguration: Equatable, Sendable {
  /// Channels C of the aligned features.
  public var channels: Int
  public var grid: Grid
  /// Latent width D.
  public var hidden = 256
  public var heads = 8
  public var feedForward = 1024
  /// Encoder blocks T_e.
  public var encoderBlocks = 2
  /// Decoder steps T_d.
  public var decoderSteps = 4
  /// Side of the encoder's neighbour mask; 0 for none.
  public var window = 7
  /// The adaptive gate of eqs 7 and 8 (Table 4).
  public var gate = true
  /// The transformer of eq. 9 (Table 4).
  public var transformer = true
  /// Layer norm after eq. 10, as the released code has it and the paper does not print.
  public var updateNorm = true
  /// Strength of the feature jitter in training (the paper's α).
  public var jitter: Float = 25
  public var dropout: Float = 0

  public init(channels: Int, grid: Grid) {
    self.channels = channels
    self.grid = grid
  }
}

/// Reconstruction as sequence (RAS): the features are rebuilt in T_d steps, each of which looks at the
/// last one's latent through a gate and a transformer whose queries are learned context.
public struct RAS<V: Value>: ReconstructingNetwork {
  public let configuration: RASConfiguration
  let input: Linear<V>
  let positions: LearnedPositions<V>
  let encoder: [TransformerBlock<V>]
  let decoder: [RASFormer<V>]
  let mask: AttentionMask<V>?

  public init(_ configuration: RASConfiguration, _ parameters: Parameters<V>) throws {
    let c = configuration
    self.configuration = c
    input = try Linear(parameters.scope("input"), from: c.channels, to: c.hidden)
    positions = try LearnedPositions(parameters.scope("positions"), grid: c.grid, width: c.hidden)
    encoder = try (0..<c.encoderBlocks).map {
      try TransformerBlock(
        parameters.scope("encoder.\($0)"), width: c.hidden, heads: c.heads, inner: c.feedForward)
    }
    // The contexts begin equal in all steps, as in the released code.
    let firstContext = parameters.fullName("decoder.0.context")
    decoder = try (0..<c.decoderSteps).map {
      try RASFormer(c, parameters.scope("decoder.\($0)"), context: $0 == 0 ? nil : firstContext)
    }
    mask =
      c.window > 0 && c.encoderBlocks > 0
      ? try AttentionMask(
        MaskPattern(
          height: c.grid.height, width: c.grid.width, window: c.window),
        like: input.weight) : nil
  }

  /// The reconstructions o_1 … o_{T_d}; the last is F_rec.
  ///
  /// - Parameters:
  ///   - features: aligned features F, `[batch, C, H, W]`.
  ///   - noise: where jitter and dropout are drawn from while training; nil otherwise.
  /// - Returns: as many feature maps `[batch, C, H, W]` as there are steps.
  public func steps(_ features: V, noise: TrainingNoise<V>? = nil) throws -> [V] {
    try zip(decoder, latents(features, noise: noise)).map {
      try $0.output($1).featureMap(configuration.grid)
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
      tokens = try tokens.jittered(by: noise.normal(tokens.shape), scale: configuration.jitter)
    }
    let dropout = noise?.dropout(configuration.dropout)
    let position = try positions()
    var x = try input(tokens)
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
  init(_ c: RASConfiguration, _ parameters: Parameters<V>, context other: String?) throws {
    hidden = c.hidden
    context = try parameters(
      "context", [c.grid.count, c.hidden],
      other.map(Initializer.copy(of:)) ?? .normal(mean: 0, deviation: 1))
    gate =
      c.gate
      ? try parameters(
        "gate.weight", [c.hidden, 2 * c.hidden],
        .xavierUniform(fanIn: 2 * c.hidden, fanOut: c.hidden)) : nil
    block =
      c.transformer
      ? try TransformerBlock(
        parameters.scope("block"), width: c.hidden, heads: c.heads, inner: c.feedForward) : nil
    update = try Linear(parameters.scope("update"), from: c.hidden, to: c.hidden)
    norm = c.updateNorm ? try LayerNorm(parameters.scope("norm"), width: c.hidden) : nil
    output = try Linear(parameters.scope("output"), from: c.hidden, to: c.channels)
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
