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

  public init(_ configuration: URANetConfiguration, _ parameters: Parameters<V>) throws {
    let c = configuration
    block = try TransformerBlock(parameters, width: c.hidden, heads: c.heads, inner: c.feedForward)
    prototypes =
      c.prototypes > 0
      ? try parameters(
        "prototypes", [c.prototypes, c.hidden], .normal(mean: 0, deviation: 1)
      ).reshaped([1, c.prototypes, c.hidden])
      : try block.norm1.weight.constant(
        [Float](repeating: 1, count: c.hidden), shape: [1, 1, c.hidden])
    neighbours =
      c.window > 0
      ? try MaskPattern(height: c.grid.height, width: c.grid.width, window: c.window) : nil
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
