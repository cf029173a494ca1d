/// The attention that explains flagged tokens by what is normal. With k = 1 − m, the share of a token
/// that is kept,
///
///     query    position + k·token
///     keys     the picture's own tokens, with bias log k, which is −∞ where k = 0;
///              the prototypes, never hidden
///     result   LN(k·token + attention), then the block's feed-forward
///
/// so that a token with m = 1 neither chooses what explains it nor is carried past the attention nor
/// explains another.
public struct RestorationAttention<V: Value> {
  let block: TransformerBlock<V>
  /// Learned tokens `[1, P, D]` of what is normal in all pictures; without a bank one that is zero, so
  /// that a picture that is flagged all over leaves the queries something to look at.
  let prototypes: V

  public init(_ configuration: URANetConfiguration, _ parameters: Parameters<V>) throws {
    let c = configuration
    block = try TransformerBlock(parameters, width: c.hidden, heads: c.heads, inner: c.feedForward)
    prototypes =
      c.prototypes > 0
      ? try parameters(
        "prototypes", [c.prototypes, c.hidden], .normal(mean: 0, deviation: 1)
      ).reshaped([1, c.prototypes, c.hidden])
      : try block.norm1.weight.constant(
        [Float](repeating: 0, count: c.hidden), shape: [1, 1, c.hidden])
  }

  /// - Parameters:
  ///   - tokens: `[batch, N, D]`.
  ///   - kept: 1 − m, `[batch, N, 1]`; nil hides nothing.
  ///   - position: `[1, N, D]`.
  /// - Returns: `[batch, N, D]`.
  public func callAsFunction(_ tokens: V, kept: V?, position: V) throws -> V {
    let bank = try prototypes.repeated(for: tokens)
    let keys = try V.concatenated([tokens + position, bank], axis: 1)
    let values = try V.concatenated([tokens, bank], axis: 1)
    guard let kept else {
      return try block(residual: tokens, queries: tokens + position, keys: keys, values: values)
    }
    let own = try tokens * kept
    return try block(
      residual: own, queries: own + position, keys: keys, values: values,
      mask: AttentionMask(weights: shown(kept)))
  }

  /// `[batch, N + P]`: how much of each key shows.
  private func shown(_ kept: V) throws -> V {
    let count = prototypes.shape[1]
    let all = try kept.constant([Float](repeating: 1, count: count), shape: [1, count, 1])
    let shown = try V.concatenated([kept, all.repeated(for: kept)], axis: 1)
    return try shown.reshaped([kept.shape[0], shown.shape[1]])
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
