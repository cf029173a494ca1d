/// URA-Net: uncertainty-integrated perception and restoration attention, in this project's reading of
/// its abstract (the full text is not public to us). Anomalous tokens are perceived, with how sure
/// that is, and rewritten from what is normal; what is rewritten differs from what was there.
///
///     p, √u = perception(F)
///     m     = clip(m₀ + p + κ√u, 0, 1)
///     R     = output(restoration(input(F), 1 − m))
///     F_rec = (1 − m)·F + m·R
public struct URANet<V: Value> {
  public let settings: URANetSettings
  public let grid: Grid
  public let perception: PerceptionHead<V>
  let input: Linear<V>
  let positions: LearnedPositions<V>
  let restoration: RestorationAttention<V>
  let blocks: [TransformerBlock<V>]
  let output: Linear<V>

  /// - Parameter shape: of the aligned features.
  public init(
    _ settings: URANetSettings, shape: MapShape, _ parameters: Parameters<V>
  ) throws {
    let c = settings
    self.settings = settings
    grid = shape.grid
    perception = try PerceptionHead(
      settings.perception, shape: shape, parameters.scope("perception"))
    input = try Linear(parameters.scope("input"), from: shape.channels, to: c.hidden)
    positions = try LearnedPositions(parameters.scope("positions"), grid: grid, width: c.hidden)
    restoration = try RestorationAttention(c, grid: grid, parameters.scope("restoration"))
    blocks = try (0..<c.blocks).map {
      try TransformerBlock(
        parameters.scope("blocks.\($0)"), width: c.hidden, heads: c.heads, inner: c.feedforward)
    }
    output = try Linear(parameters.scope("output"), from: c.hidden, to: shape.channels)
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
      try tokens.jittered(by: $0.normal(tokens.shape), scale: Float(settings.jitter))
    }
    return Restoration(
      features: tokens, restored: try restored(seen ?? tokens, kept: kept), kept: kept,
      perception: perceived)
  }

  /// 1 − m, `[batch, N, 1]`: the share of each token that is not rewritten. Exactly 0 where
  /// m₀ + p + κ√u ≥ 1.
  public func kept(_ perceived: Perception<V>) throws -> V {
    let (kappa, floor) = (Float(settings.kappa), Float(settings.floor))
    let normal = try perceived.probability.affine(scale: -1, offset: 1 - floor)
    guard kappa > 0 else { return floor > 0 ? try normal.relu() : normal }
    return try (normal - perceived.deviation.affine(scale: kappa, offset: 0)).relu()
  }

  /// R, `[batch, N, C]`: every token as the others and the prototypes explain it.
  ///
  /// - Parameter kept: 1 − m, `[batch, N, 1]`.
  public func restored(_ tokens: V, kept: V) throws -> V {
    let x = try restoration(
      input(tokens), kept: settings.mask ? kept : nil, position: positions(), then: blocks)
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

/// The attention that explains flagged tokens by what is normal. With k = 1 − m, the share of a token
/// that is kept,
///
///     query    position + k·token
///     keys     the picture's own tokens, with bias log k, which is −∞ where k = 0;
///              the prototypes, never hidden
///     result   LN(k·token + attention), then the block's feed-forward
///
/// so that a token with m = 1 neither chooses what explains it nor is carried past the attention nor
/// explains another. With a window the same holds of every token and its neighbours: hidden from the
/// query, which is the position alone, as is what is carried past.
public struct RestorationAttention<V: Value> {
  let block: TransformerBlock<V>
  /// Learned tokens `[1, P, D]` of what is normal in all pictures; without a bank one of ones, so that a
  /// picture that is flagged all over leaves the queries something to look at. Of zeros, all that follows
  /// would be zero in a network that begins, and each layer norm, which divides a vector of zeros by
  /// √ε, would multiply the gradient by 316.
  let prototypes: V
  /// The neighbours that a query does not see; nil when it sees all.
  let neighbours: MaskPattern?

  init(_ c: URANetSettings, grid: Grid, _ parameters: Parameters<V>) throws {
    block = try TransformerBlock(parameters, width: c.hidden, heads: c.heads, inner: c.feedforward)
    prototypes =
      c.prototypes > 0
      ? try parameters(
        "prototypes", [c.prototypes, c.hidden], .normal(mean: 0, deviation: 1)
      ).reshaped([1, c.prototypes, c.hidden])
      : try block.norm1.weight.constant(
        [Float](repeating: 1, count: c.hidden), shape: [1, 1, c.hidden])
    neighbours =
      c.window > 0
      ? try MaskPattern(height: grid.height, width: grid.width, window: c.window) : nil
  }

  /// - Parameters:
  ///   - tokens: `[batch, N, D]`.
  ///   - kept: 1 − m, `[batch, N, 1]`; nil hides nothing.
  ///   - position: `[1, N, D]`.
  ///   - blocks: what follows: self-attention, or with a window more looks at the same tokens, since
  ///     what is restored of a neighbour was restored from the token itself.
  /// - Returns: `[batch, N, D]`.
  public func callAsFunction(
    _ tokens: V, kept: V?, position: V, then blocks: [TransformerBlock<V>]
  ) throws -> V {
    let bank = try prototypes.repeated(for: tokens)
    let keys = try V.concatenated([tokens + position, bank], axis: 1)
    let values = try V.concatenated([tokens, bank], axis: 1)
    let mask = try mask(kept, like: tokens)
    // What a token brings of its own: with a window nothing but where it is.
    let own = try neighbours == nil ? kept.map { try tokens * $0 } ?? tokens : nil
    let first = try block(
      residual: own ?? position, queries: own.map { try $0 + position } ?? position, keys: keys,
      values: values, mask: mask)
    return try blocks.reduce(first) { x, next in
      let located = try x + position
      return own == nil
        ? try next(residual: x, queries: located, keys: keys, values: values, mask: mask)
        : try next(residual: x, queries: located, keys: located, values: x)
    }
  }

  /// What hides keys, of which `[batch, N + P]` there are; nil when nothing does.
  private func mask(_ kept: V?, like tokens: V) throws -> AttentionMask<V>? {
    guard kept != nil || neighbours != nil else { return nil }
    let (count, further) = (tokens.shape[1], prototypes.shape[1])
    let shown =
      try kept ?? tokens.constant([Float](repeating: 1, count: count), shape: [1, count, 1])
    let all = try tokens.constant([Float](repeating: 1, count: further), shape: [1, further, 1])
    let weights = try V.concatenated([shown, all.repeated(for: shown)], axis: 1)
    return try AttentionMask(
      weights: weights.reshaped([shown.shape[0], count + further]), hiding: neighbours)
  }
}

extension Value {
  /// What all pictures share, `[1, M, D]`, once for each picture of `batch`, `[batch, …, …]`.
  func repeated(for batch: Self) throws -> Self {
    let zero = try batch.sliced(axis: 1, 0..<1).sliced(axis: 2, 0..<1)
      .affine(scale: 0, offset: 0)
    return try self + zero
  }
}
