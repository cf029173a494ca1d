/// Multi-head attention of tokens to themselves without a softmax (Katharopoulos et al., "Transformers are
/// RNNs", 2020): queries and keys go through φ(x) = elu(x) + 1, which is positive, and
///
///     output = φ(Q) (φ(K)ᵀ V) / (φ(Q) Σ φ(K))
///
/// It costs as much as the tokens are many, not as their pairs; and as no query can look at one place alone,
/// what it gives is spread out, which is what Dinomaly wants of it. Names of parameters are timm's:
/// `qkv.{weight,bias}` with 3D rows, then `proj`.
public struct LinearAttention<V: Value> {
  private let query: LinearWeights<V>
  private let key: LinearWeights<V>
  private let value: LinearWeights<V>
  private let output: Linear<V>
  private let heads: Int

  /// - Parameter initializer: of the weights; biases begin at zero.
  public init(
    _ parameters: Parameters<V>, width: Int, heads: Int, initializer: Initializer
  ) throws {
    let weight = try parameters("qkv.weight", [3 * width, width], initializer)
    let bias = try parameters("qkv.bias", [3 * width], .zeros)
    func part(_ index: Int) throws -> LinearWeights<V> {
      let rows = index * width..<(index + 1) * width
      return LinearWeights(
        weight: try weight.sliced(axis: 0, rows), bias: try bias.sliced(axis: 0, rows))
    }
    (query, key, value) = try (part(0), part(1), part(2))
    output = try Linear(
      parameters.scope("proj"), from: width, to: width, initializer: initializer)
    self.heads = heads
  }

  /// `[batch, N, D]` → `[batch, N, D]`.
  public func callAsFunction(_ tokens: V) throws -> V {
    let (batch, count, width) = (tokens.shape[0], tokens.shape[1], tokens.shape[2])
    func split(_ weights: LinearWeights<V>) throws -> V {
      try tokens.linear(weight: weights.weight, bias: weights.bias)
        .reshaped([batch, count, heads, width / heads]).permuted([0, 2, 1, 3])
    }
    let (queries, keys) = try (Self.positive(split(query)), Self.positive(split(key)))
    // Keys times values first: d × d numbers a head, however many tokens there are.
    let summary = try keys.permuted([0, 1, 3, 2]).matmul(split(value))
    let weight = try queries.matmul(keys.sum(axes: [2]).permuted([0, 1, 3, 2]))
    let attended = try queries.matmul(summary) / weight
    return try output(attended.permuted([0, 2, 1, 3]).reshaped([batch, count, width]))
  }

  /// elu(x) + 1: x + 1 above zero, e^x below, in a form that does not round small e^x away.
  private static func positive(_ value: V) throws -> V {
    let above = try value.relu()
    return try above + (value - above).exponential()
  }
}

/// A pre-norm block with linear attention: `u = x + LA(LN(x)); u + MLP(LN(u))`. Parameters by timm's names:
/// `norm1`, `attn.qkv`, `attn.proj`, `norm2`, `mlp.fc1`, `mlp.fc2`.
public struct LinearAttentionBlock<V: Value> {
  private let norm1: LayerNorm<V>
  private let attention: LinearAttention<V>
  private let norm2: LayerNorm<V>
  private let first: Linear<V>
  private let second: Linear<V>

  /// - Parameters:
  ///   - inner: width of the perceptron between its two layers.
  ///   - epsilon: ε of the layer norms.
  ///   - initializer: of all weights; biases begin at zero.
  public init(
    _ parameters: Parameters<V>, width: Int, heads: Int, inner: Int, epsilon: Float,
    initializer: Initializer
  ) throws {
    norm1 = try LayerNorm(parameters.scope("norm1"), width: width, epsilon: epsilon)
    attention = try LinearAttention(
      parameters.scope("attn"), width: width, heads: heads, initializer: initializer)
    norm2 = try LayerNorm(parameters.scope("norm2"), width: width, epsilon: epsilon)
    first = try Linear(
      parameters.scope("mlp.fc1"), from: width, to: inner, initializer: initializer)
    second = try Linear(
      parameters.scope("mlp.fc2"), from: inner, to: width, initializer: initializer)
  }

  /// Tokens `[batch, N, D]`, of the same shape after it.
  public func callAsFunction(_ tokens: V) throws -> V {
    let attended = try tokens + attention(norm1(tokens))
    return try attended + second(first(norm2(attended)).gelu())
  }
}
