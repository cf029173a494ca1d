/// URA-Net: uncertainty-integrated perception and restoration attention, in this project's reading of
/// its abstract (the full text is not public to us). Anomalous tokens are perceived, with how sure
/// that is, and rewritten from what is normal; what is rewritten differs from what was there.
///
///     p, √u = perception(F)
///     m     = clip(m₀ + p + κ√u, 0, 1)
///     R     = output(restoration(input(F), 1 − m))
///     F_rec = (1 − m)·F + m·R
public struct URANet<V: Value> {
  public let configuration: URANetConfiguration
  public let perception: PerceptionHead<V>
  let input: Linear<V>
  let positions: LearnedPositions<V>
  let restoration: RestorationAttention<V>
  let blocks: [TransformerBlock<V>]
  let output: Linear<V>

  public init(_ configuration: URANetConfiguration, _ parameters: Parameters<V>) throws {
    let c = configuration
    self.configuration = c
    perception = try PerceptionHead(c, parameters.scope("perception"))
    input = try Linear(parameters.scope("input"), from: c.channels, to: c.hidden)
    positions = try LearnedPositions(parameters.scope("positions"), grid: c.grid, width: c.hidden)
    restoration = try RestorationAttention(c, parameters.scope("restoration"))
    blocks = try (0..<c.blocks).map {
      try TransformerBlock(
        parameters.scope("blocks.\($0)"), width: c.hidden, heads: c.heads, inner: c.feedForward)
    }
    output = try Linear(parameters.scope("output"), from: c.hidden, to: c.channels)
  }

  /// Features as if the picture were normal.
  ///
  /// - Parameters:
  ///   - tokens: of aligned features, `[batch, N, C]`.
  ///   - perceived: what decides the region; nil for the perception's form at test.
  ///   - noise: where the jitter of what the restoration sees is drawn from while training; nil
  ///     otherwise.
  public func callAsFunction(
    _ tokens: V, perceived: Perception<V>? = nil, noise: TrainingNoise<V>? = nil
  ) throws -> Restoration<V> {
    let perceived = try perceived ?? perception(tokens)
    let kept = try kept(perceived)
    let seen = try noise.map {
      try tokens.jittered(by: $0.normal(tokens.shape), scale: configuration.jitter)
    }
    return Restoration(
      features: tokens, restored: try restored(seen ?? tokens, kept: kept), kept: kept,
      perception: perceived)
  }

  /// 1 − m, `[batch, N, 1]`: the share of each token that is not rewritten. Exactly 0 where
  /// m₀ + p + κ√u ≥ 1.
  public func kept(_ perceived: Perception<V>) throws -> V {
    let (kappa, floor) = (configuration.kappa, configuration.floor)
    let normal = try perceived.probability.affine(scale: -1, offset: 1 - floor)
    guard kappa > 0 else { return floor > 0 ? try normal.relu() : normal }
    return try (normal - perceived.deviation.affine(scale: kappa, offset: 0)).relu()
  }

  /// R, `[batch, N, C]`: every token as the others and the prototypes explain it.
  ///
  /// - Parameter kept: 1 − m, `[batch, N, 1]`.
  public func restored(_ tokens: V, kept: V) throws -> V {
    let x = try restoration(
      input(tokens), kept: configuration.masks ? kept : nil, position: positions(), then: blocks)
    return try output(x)
  }
}

/// What URA-Net makes of a batch.
public struct Restoration<V: Value> {
  /// F, `[batch, N, C]`.
  public let features: V
  /// R, `[batch, N, C]`.
  public let restored: V
  /// 1 − m, `[batch, N, 1]`.
  public let kept: V
  public let perception: Perception<V>

  /// F_rec = (1 − m)·F + m·R, `[batch, N, C]`.
  public var tokens: V {
    get throws { try kept * features + kept.affine(scale: -1, offset: 1) * restored }
  }

  /// (1 − share)·F + share·R, `[batch, N, C]`: every token rewritten alike.
  public func tokens(share: Float) throws -> V {
    try features.affine(scale: 1 - share, offset: 0) + restored.affine(scale: share, offset: 0)
  }
}
