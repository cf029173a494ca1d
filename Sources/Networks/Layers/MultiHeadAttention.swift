/// Multi-head attention, biases on all four projections (Vaswani et al., 2017).
public struct MultiHeadAttention<V: Value> {
  let query: Linear<V>
  /// Its bias is kept with the parameters and left out of the forward pass: it adds the same number to
  /// all of a query's scores, which the softmax cancels. Its true gradient is zero; computed, it would
  /// be rounding noise that Adam scales up to full steps.
  let key: Linear<V>
  let value: Linear<V>
  let output: Linear<V>
  let heads: Int
  let width: Int

  /// Query, key and value begin as one packed `3D×D` Xavier matrix would, hence their bound √(6/4D).
  ///
  /// - Parameter outputInitializer: of the output's weight; Xavier uniform unless said.
  public init(
    _ parameters: Parameters<V>, width: Int, heads: Int, outputInitializer: Initializer? = nil
  ) throws {
    let packed = Initializer.xavierUniform(fanIn: width, fanOut: 3 * width)
    query = try Linear(parameters.scope("query"), from: width, to: width, initializer: packed)
    key = try Linear(parameters.scope("key"), from: width, to: width, initializer: packed)
    value = try Linear(parameters.scope("value"), from: width, to: width, initializer: packed)
    output = try Linear(
      parameters.scope("output"), from: width, to: width, initializer: outputInitializer)
    self.heads = heads
    self.width = width
  }

  /// - Parameters:
  ///   - queries: `[batch, N, D]`, or `[1, N, D]` for queries that all pictures share.
  ///   - keys: `[batch, M, D]`, or `[1, M, D]` for keys that all pictures share.
  ///   - values: `[batch, M, D]` or `[1, M, D]`.
  ///   - mask: which keys a query sees; nil for all.
  /// - Returns: `[batch, N, D]`.
  public func callAsFunction(
    queries: V, keys: V, values: V, mask: AttentionMask<V>? = nil
  ) throws -> V {
    try self(queries: queries, keys: keys, values: values, mask: mask, dropout: nil)
  }

  /// - Parameter window: lets a query see its neighbours only.
  /// - Returns: `[batch, N, D]`.
  public func callAsFunction(
    queries: V, keys: V, values: V, window: WindowAttention<V>
  ) throws -> V {
    try output(
      window(
        queries: query(queries), keys: keys.linear(weight: key.weight, bias: nil),
        values: value(values)))
  }

  func callAsFunction(
    queries: V, keys: V, values: V, mask: AttentionMask<V>?, dropout: Dropout<V>?
  ) throws -> V {
    let (q, k, v) = try (
      split(query(queries)), split(keys.linear(weight: key.weight, bias: nil)), split(value(values))
    )
    let attended =
      try dropout.map { try weighted(q, k, v, bias: mask?.bias, dropout: $0) }
      ?? q.attention(keys: k, values: v, bias: mask?.bias)
    let visible = try mask.map { try $0.clearingBlindQueries(attended) } ?? attended
    let joined = try visible.permuted([0, 2, 1, 3])
    let batch = queries.shape[0] == 1 ? values.shape[0] : queries.shape[0]
    return try output(joined.reshaped([batch, queries.shape[1], width]))
  }

  /// Attention whose weights drop out, which the fused form does not do.
  private func weighted(_ q: V, _ k: V, _ v: V, bias: V?, dropout: Dropout<V>) throws -> V {
    try dropout(weights(q, k, bias: bias)).matmul(v)
  }

  /// How much each query sees of each key, `[batch, heads, N, M]`.
  private func weights(_ q: V, _ k: V, bias: V?) throws -> V {
    let scale = 1 / Float(width / heads).squareRoot()
    let scores = try q.affine(scale: scale, offset: 0).matmul(k.permuted([0, 1, 3, 2]))
    return try (bias.map { try scores + $0 } ?? scores).softmax(axis: 3)
  }

  /// How much one query sees of each key, the mean over the heads: for looking at.
  ///
  /// - Parameters:
  ///   - query: `[1, 1, D]`.
  ///   - keys: `[1, M, D]`.
  ///   - bias: as for `Value.attention`, of this query, `[1, 1, 1, M]`.
  /// - Returns: `[1, 1, 1, M]`; its sum is 1.
  func look(query: V, keys: V, bias: V) throws -> V {
    try weights(
      split(self.query(query)), split(keys.linear(weight: key.weight, bias: nil)), bias: bias
    ).mean(axes: [1])
  }

  /// `[batch, N, D] → [batch, heads, N, D/heads]`.
  private func split(_ tokens: V) throws -> V {
    try tokens
      .reshaped([tokens.shape[0], tokens.shape[1], heads, width / heads])
      .permuted([0, 2, 1, 3])
  }
}
