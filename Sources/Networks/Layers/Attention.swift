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

/// Multi-head attention of tokens to themselves, whose query, key and value stand in one matrix, as timm has
/// them: `qkv.{weight,bias}` with 3D rows, then `proj`.
public struct PackedAttention<V: Value> {
  private let query: LinearWeights<V>
  /// Without its bias, which the softmax cancels, as in ``MultiHeadAttention``. Turned keys, where it would not
  /// cancel, have none (DINOv3).
  private let keyWeight: V
  private let value: LinearWeights<V>
  private let output: Linear<V>
  private let heads: Int

  public init(_ parameters: Parameters<V>, width: Int, heads: Int) throws {
    let weight = try parameters(
      "qkv.weight", [3 * width, width], .xavierUniform(fanIn: width, fanOut: 3 * width))
    let bias = try parameters("qkv.bias", [3 * width], .zeros)
    // Three products instead of one whose result is cut in three: slices of weights are made once, and each
    // product goes on to its heads without a copy.
    func part(_ index: Int) throws -> LinearWeights<V> {
      let rows = index * width..<(index + 1) * width
      return LinearWeights(
        weight: try weight.sliced(axis: 0, rows), bias: try bias.sliced(axis: 0, rows))
    }
    query = try part(0)
    keyWeight = try part(1).weight
    value = try part(2)
    output = try Linear(parameters.scope("proj"), from: width, to: width)
    self.heads = heads
  }

  /// `[batch, N, D]` → `[batch, N, D]`.
  ///
  /// - Parameter rotation: of queries and keys, by their places; nil for none.
  public func callAsFunction(_ tokens: V, rotation: Rotation<V>? = nil) throws -> V {
    let (batch, count, width) = (tokens.shape[0], tokens.shape[1], tokens.shape[2])
    func split(_ projected: V) throws -> V {
      try projected.reshaped([batch, count, heads, width / heads]).permuted([0, 2, 1, 3])
    }
    let queries = try split(tokens.linear(weight: query.weight, bias: query.bias))
    let keys = try split(tokens.linear(weight: keyWeight, bias: nil))
    let values = try split(tokens.linear(weight: value.weight, bias: value.bias))
    let attended = try (rotation.map { try $0(queries) } ?? queries).attention(
      keys: rotation.map { try $0(keys) } ?? keys, values: values, bias: nil)
    return try output(attended.permuted([0, 2, 1, 3]).reshaped([batch, count, width]))
  }
}

/// Which keys each query sees.
public struct AttentionMask<V: Value> {
  /// Added to the scores; broadcasts to `[batch, heads, N, M]`: 0 where visible, `MaskPattern.hidden` or
  /// −∞ where not.
  package let bias: V
  /// 1 for queries that see a key, 0 for the others, `[1, 1, N, 1]`; nil when all see one.
  let sighted: V?

  /// The N×N bias is the product of two small patterns, one of rows and one of columns, so that a graph
  /// holds these and not N² numbers.
  ///
  /// - Parameter reference: any value of the engine that the mask is for.
  public init(_ pattern: MaskPattern, like reference: V) throws {
    let (height, width) = (pattern.height, pattern.width)
    var bias = try Self.neighbours(pattern, like: reference)
    let sees = pattern.sighted.map { $0 ? Float(1) : 0 }
    if sees.contains(0) {
      // A row that hides everything has no softmax: a blind query looks at everything and is cleared
      // after.
      bias = try bias * reference.constant(sees, shape: [height, width, 1, 1])
      sighted = try reference.constant(sees, shape: [1, 1, pattern.queries, 1])
    } else {
      sighted = nil
    }
    self.bias = try bias.reshaped([1, 1, pattern.queries, pattern.keys])
  }

  /// Keys that show in part: each counts `weights` times, `[batch, M]` or `[1, M]`, and one with weight 0
  /// is hidden from every query. At least one key has to show to each query of a picture.
  ///
  /// - Parameter pattern: hides neighbours besides; the first keys are the grid's tokens, those after
  ///   them, one at least, have no place in it. nil hides none.
  public init(weights: V, hiding pattern: MaskPattern? = nil) throws {
    let keys = weights.shape[1]
    let shown = try weights.logarithm().reshaped([weights.shape[0], 1, 1, keys])
    sighted = nil
    guard let pattern else {
      bias = shown
      return
    }
    let near = try Self.neighbours(pattern, like: weights)
      .reshaped([1, 1, pattern.queries, pattern.keys])
    let further = [1, 1, pattern.queries, keys - pattern.keys]
    let placeless = try weights.constant(
      [Float](repeating: 0, count: further.reduce(1, *)), shape: further)
    bias = try shown + V.concatenated([near, placeless], axis: 3)
  }

  /// `MaskPattern.hidden` for the pairs of neighbours, 0 for the others, `[height, width, height, width]`.
  private static func neighbours(_ pattern: MaskPattern, like reference: V) throws -> V {
    let (height, width) = (pattern.height, pattern.width)
    let rows = try reference.constant(pattern.near(height), shape: [height, 1, height, 1])
    let columns = try reference.constant(pattern.near(width), shape: [1, width, 1, width])
    return try (rows * columns).affine(scale: MaskPattern.hidden, offset: 0)
  }

  /// A query without a visible key gets zero.
  func clearingBlindQueries(_ attended: V) throws -> V {
    guard let sighted else { return attended }
    return try attended * sighted
  }
}

/// Which pairs of a grid's tokens an attention does not see: neighbours (UniAD, RAS's encoder, RLR's
/// MLKA). Tokens (r, c) and (r', c') are neighbours when |r−r'| ≤ ⌊w/2⌋ and |c−c'| ≤ ⌊w/2⌋; a token is
/// its own neighbour.
public struct MaskPattern: Equatable, Sendable {
  let height: Int
  let width: Int
  /// Tokens are near in one dimension when they are no further apart than this.
  let reach: Int

  /// What is added to the score of a hidden pair: so low that its weight is exactly zero, and finite, so
  /// that it can be multiplied by zero.
  package static let hidden: Float = -1e30

  /// Throws when the pattern would hide every key from every query.
  public init(height: Int, width: Int, window: Int) throws {
    (self.height, self.width, self.reach) = (height, width, window / 2)
    guard sighted.contains(true) else {
      throw NetworkError(
        "a \(window)×\(window) neighbour mask hides every token of a \(height)×\(width) grid; the "
          + "largest window that leaves something to see is "
          + "\(Self.largestWindow(height: height, width: width))")
    }
  }

  public var queries: Int { height * width }
  public var keys: Int { height * width }

  /// Which queries see a key.
  var sighted: [Bool] {
    func seesAll(_ index: Int, of size: Int) -> Bool { max(index, size - 1 - index) <= reach }
    return (0..<queries).map {
      !(seesAll($0 / width, of: height) && seesAll($0 % width, of: width))
    }
  }

  /// 1 for the pairs of one dimension that are near, `[size, size]`.
  func near(_ size: Int) -> [Float] {
    (0..<size * size).map { abs($0 / size - $0 % size) <= reach ? 1 : 0 }
  }

  /// The largest odd window that, hidden, leaves at least one query a key: the corner token sees the
  /// opposite corner while ⌊w/2⌋ < max(height, width) − 1. 0 (no mask) when none does.
  public static func largestWindow(height: Int, width: Int) -> Int {
    max(0, 2 * max(height, width) - 3)
  }
}
