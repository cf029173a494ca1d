/// The two-layer perceptron of a transformer block.
public struct FeedForward<V: Value> {
  public enum Activation: Sendable {
    case relu, gelu
  }

  let first: Linear<V>
  let second: Linear<V>
  let activation: Activation

  /// ReLU between layers that begin as Xavier says (RAS).
  public init(_ parameters: Parameters<V>, width: Int, inner: Int) throws {
    first = try Linear(parameters.scope("feedforward1"), from: width, to: inner)
    second = try Linear(parameters.scope("feedforward2"), from: inner, to: width)
    activation = .relu
  }

  /// Layers that begin as PyTorch's do (RLR).
  public static func asInPyTorch(
    _ parameters: Parameters<V>, width: Int, inner: Int, activation: Activation
  ) throws -> FeedForward {
    try FeedForward(
      first: .asInPyTorch(parameters.scope("feedforward1"), from: width, to: inner),
      second: .asInPyTorch(parameters.scope("feedforward2"), from: inner, to: width),
      activation: activation)
  }

  private init(first: Linear<V>, second: Linear<V>, activation: Activation) {
    (self.first, self.second, self.activation) = (first, second, activation)
  }

  func callAsFunction(_ tokens: V, dropout: Dropout<V>? = nil) throws -> V {
    if activation == .gelu, dropout == nil, let b1 = first.bias, let b2 = second.bias {
      return try tokens.perceptron(
        first: LinearWeights(weight: first.weight, bias: b1),
        second: LinearWeights(weight: second.weight, bias: b2))
    }
    let inner = try first(tokens)
    return try second(dropout(activation == .relu ? inner.relu() : inner.gelu()))
  }
}

/// A post-norm block: `u = LN(residual + MHA(…)); LN(u + FFN(u))`.
public struct TransformerBlock<V: Value> {
  let attention: MultiHeadAttention<V>
  let norm1: LayerNorm<V>
  let norm2: LayerNorm<V>
  let feedForward: FeedForward<V>

  public init(_ parameters: Parameters<V>, width: Int, heads: Int, inner: Int) throws {
    attention = try MultiHeadAttention(parameters.scope("attention"), width: width, heads: heads)
    norm1 = try LayerNorm(parameters.scope("norm1"), width: width)
    norm2 = try LayerNorm(parameters.scope("norm2"), width: width)
    feedForward = try FeedForward(parameters, width: width, inner: inner)
  }

  func callAsFunction(
    residual: V, queries: V, keys: V, values: V, mask: AttentionMask<V>? = nil,
    dropout: Dropout<V>? = nil
  ) throws -> V {
    let attended = try attention(
      queries: queries, keys: keys, values: values, mask: mask, dropout: dropout)
    let u = try norm1(residual + dropout(attended))
    return try norm2(u + dropout(feedForward(u, dropout: dropout)))
  }
}

/// A pre-norm block, as vision transformers have it: `u = x + MHA(LN(x)); u + MLP(LN(u))`. Parameters by timm's
/// names: `norm1`, `attn.qkv`, `attn.proj`, `norm2`, `mlp.fc1`, `mlp.fc2`.
public struct PreNormBlock<V: Value> {
  let norm1: LayerNorm<V>
  let attention: PackedAttention<V>
  let norm2: LayerNorm<V>
  let first: Linear<V>
  let second: Linear<V>

  /// - Parameters:
  ///   - inner: width of the perceptron between its two layers.
  ///   - epsilon: ε of the layer norms.
  public init(
    _ parameters: Parameters<V>, width: Int, heads: Int, inner: Int, epsilon: Float
  ) throws {
    norm1 = try LayerNorm(parameters.scope("norm1"), width: width, epsilon: epsilon)
    attention = try PackedAttention(parameters.scope("attn"), width: width, heads: heads)
    norm2 = try LayerNorm(parameters.scope("norm2"), width: width, epsilon: epsilon)
    first = try Linear(parameters.scope("mlp.fc1"), from: width, to: inner)
    second = try Linear(parameters.scope("mlp.fc2"), from: inner, to: width)
  }

  /// Tokens `[batch, N, D]`, of the same shape after it.
  ///
  /// - Parameter rotation: of queries and keys, by their places; nil for none.
  public func callAsFunction(_ tokens: V, rotation: Rotation<V>? = nil) throws -> V {
    let attended = try tokens + attention(norm1(tokens), rotation: rotation)
    return try attended + second(first(norm2(attended)).gelu())
  }
}

/// The randomness of a training step: where jitter and dropout are drawn from. Networks take it as an
/// optional; without it they are deterministic. Noise on the features of a trained network, whose
/// tolerance is measured, is the same without dropout.
public struct TrainingNoise<V: Value> {
  /// N(0, 1) of a shape.
  public var normal: (_ shape: [Int]) throws -> V
  /// 0 with probability p, else 1/(1−p); nil for no dropout.
  public var dropoutMask: ((_ shape: [Int], _ probability: Float) throws -> V)?

  public init(
    normal: @escaping (_ shape: [Int]) throws -> V,
    dropoutMask: ((_ shape: [Int], _ probability: Float) throws -> V)? = nil
  ) {
    self.normal = normal
    self.dropoutMask = dropoutMask
  }

  /// Dropout with this noise (Srivastava et al., 2014); nil for none, or a probability of 0.
  func dropout(_ probability: Float) -> Dropout<V>? {
    guard probability > 0 else { return nil }
    return dropoutMask.map { Dropout(probability: probability, mask: $0) }
  }
}

/// Leaves out elements at random and scales up the others.
struct Dropout<V: Value> {
  let probability: Float
  let mask: (_ shape: [Int], _ probability: Float) throws -> V

  func callAsFunction(_ value: V) throws -> V {
    try value * mask(value.shape, probability)
  }
}

extension Optional {
  /// `value` with dropout while there is one.
  func callAsFunction<V: Value>(_ value: V) throws -> V where Wrapped == Dropout<V> {
    switch self {
    case .none: value
    case .some(let dropout): try dropout(value)
    }
  }
}
