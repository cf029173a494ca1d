/// The probability that a token is anomalous, and how sure that is. The head is a network of two
/// layers with Gaussian weights, applied to each token and how it differs from its surroundings; the
/// spread of its answers under its weights' posterior is its epistemic uncertainty.
public struct PerceptionHead<V: Value> {
  let surroundings: Surroundings?
  let hidden: BayesianLinear<V>
  let logit: BayesianLinear<V>
  /// Fixed draws from N(0, 1) for the test-time form by samples: one for each unit of each sample,
  /// `[samples, width + 1]`. Kept with the weights, so that every engine uses the same.
  let draws: V?
  let width: Int

  /// - Parameter shape: of the aligned features.
  public init(
    _ settings: URANetSettings.Perception, shape: MapShape, _ parameters: Parameters<V>
  ) throws {
    let c = settings
    let deviation = c.head == .bayesian ? Float(c.deviation) : nil
    width = c.width
    surroundings = c.surroundings ? Surroundings(grid: shape.grid) : nil
    hidden = try BayesianLinear(
      parameters.scope("hidden"), from: shape.channels * (c.surroundings ? Surroundings.views : 1),
      to: c.width, deviation: deviation)
    logit = try BayesianLinear(
      parameters.scope("logit"), from: c.width, to: 1, deviation: deviation)
    let isSampled = c.samples > 0 && deviation != nil
    draws =
      isSampled
      ? try parameters(
        "draws", [c.samples, c.width + 1], .normal(mean: 0, deviation: 1)) : nil
  }

  /// The perception of tokens `[batch, N, C]` in the form that inspects: in one pass, or by the fixed
  /// draws where there are some.
  public func callAsFunction(_ tokens: V) throws -> Perception<V> {
    try draws.map { try perception(tokens, draws: $0) } ?? onePass(tokens)
  }

  /// The closed form. Mean and variance pass through the layers, both exact but for the hidden units'
  /// (``rectified(mean:variance:)``), and give the logit's mean z and variance v; then
  ///
  ///     p  = σ(z / √(1 + πv/8))           (MacKay, "The evidence framework applied to classification
  ///                                        networks", 1992, eq. 10)
  ///     √u = p(1 − p) · √(v / (1 + πv/8))  (the delta method: dp/dz · √v)
  public func onePass(_ tokens: V) throws -> Perception<V> {
    let first = try hidden(seen(tokens))
    guard let spread = first.variance else {
      let probability = try logit(first.mean.relu()).mean.toFloat().sigmoid()
      return try Perception(
        probability: probability, deviation: probability.affine(scale: 0, offset: 0))
    }
    let unit = try Self.rectified(mean: first.mean.toFloat(), variance: spread.toFloat())
    let last = try logit(mean: unit.mean, variance: unit.variance)
    let z = try last.mean.toFloat()
    let v = try last.variance.toFloat().affine(scale: 1, offset: Self.tiny)
    let flattened = try v.affine(scale: .pi / 8, offset: 1)
    let probability = try (z / flattened.squareRoot()).sigmoid()
    let slope = try probability * probability.affine(scale: -1, offset: 1)
    return try Perception(
      probability: probability, deviation: slope * (v / flattened).squareRoot())
  }

  /// Keeps a root's derivative finite.
  static var tiny: Float { 1e-12 }

  /// Mean and variance of max(0, a) for Gaussian a, in functions that every engine has. With
  /// t = mean/deviation and s the deviation:
  ///
  ///     mean     ≈ s · softplus(βt)/β, β = √(2π) · log 2, within 0.012 s
  ///     variance ≈ s² · σ(1.702 t)^1.5, within 0.035 s²
  static func rectified(mean: V, variance: V) throws -> (mean: V, variance: V) {
    let beta: Float = 1.737_463
    let square = try variance.affine(scale: 1, offset: tiny)
    let deviation = try square.squareRoot()
    let t = try mean / deviation
    let height = try t.affine(scale: beta, offset: 0).softplus()
    let gate = try t.affine(scale: 1.702, offset: 0).sigmoid()
    return (
      try (height * deviation).affine(scale: 1 / beta, offset: 0),
      try square * gate * gate.affine(scale: 1, offset: tiny).squareRoot()
    )
  }

  /// The reference: mean and variance of the probability over `count` draws of the weights.
  public func sampled(_ tokens: V, noise: TrainingNoise<V>, count: Int) throws -> Perception<V> {
    let first = try hidden(seen(tokens))
    return try Perception(
      samples: (0..<count).map { _ in
        try sampledLogit(first, noise: { try noise.normal($0) }).sigmoid()
      })
  }

  /// The logit under one draw of the weights, `[batch, N, 1]`: what training learns from. A head that
  /// is certain gives its logit.
  public func sampledLogit(_ tokens: V, noise: TrainingNoise<V>) throws -> V {
    try sampledLogit(hidden(seen(tokens)), noise: { try noise.normal($0) })
  }

  /// The logit at the posterior's mean, `[batch, N, 1]`.
  public func meanLogit(_ tokens: V) throws -> V {
    try logit(hidden(seen(tokens)).mean.relu()).mean.toFloat()
  }

  /// KL(q ‖ N(0, σ_p²)) of all the head's weights; nil when they are certain.
  public func divergence(fromPrior deviation: Float) throws -> V? {
    guard let first = try hidden.divergence(fromPrior: deviation),
      let second = try logit.divergence(fromPrior: deviation)
    else { return nil }
    return try first + second
  }

  /// What the head answers to.
  private func seen(_ tokens: V) throws -> V { try surroundings?(tokens) ?? tokens }

  private func perception(_ tokens: V, draws: V) throws -> Perception<V> {
    let first = try hidden(seen(tokens))
    return try Perception(
      samples: (0..<draws.shape[0]).map { index in
        let draw = try draws.sliced(axis: 0, index..<index + 1).reshaped([1, 1, width + 1])
        return try sampledLogit(first) { shape in
          let isHidden = shape[2] == width
          return try draw.sliced(axis: 2, isHidden ? 0..<width : width..<width + 1)
        }.sigmoid()
      })
  }

  private func sampledLogit(
    _ first: (mean: V, variance: V?), noise: (_ shape: [Int]) throws -> V
  ) throws -> V {
    func drawn(_ value: (mean: V, variance: V?)) throws -> V {
      guard let variance = value.variance else { return value.mean }
      let deviation = try variance.toFloat().affine(scale: 1, offset: Self.tiny).squareRoot()
      return try value.mean + deviation * noise(value.mean.shape)
    }
    return try drawn(logit(drawn(first).relu())).toFloat()
  }
}

/// What the head says of each token; all `[batch, N, 1]`.
public struct Perception<V: Value> {
  /// p: of being anomalous.
  public let probability: V
  /// √u, the deviation of the probability under the weights' posterior.
  public let deviation: V

  init(probability: V, deviation: V) {
    (self.probability, self.deviation) = (probability, deviation)
  }

  /// Mean and deviation of probabilities, one for each draw of the weights.
  init(samples: [V]) throws {
    guard let first = samples.first else {
      throw NetworkError("a perception by samples needs at least one")
    }
    let share = 1 / Float(samples.count)
    let sum = try samples.dropFirst().reduce(first) { try $0 + $1 }
    let mean = try sum.affine(scale: share, offset: 0)
    let squares = try samples.map { sample in
      let distance = try sample - mean
      return try distance * distance
    }
    let square = try squares.dropFirst().reduce(squares[0]) { try $0 + $1 }
    try self.init(
      probability: mean, deviation: square.affine(scale: share, offset: 0).squareRoot())
  }

  /// u, the variance that more training pictures could take away.
  public func epistemic() throws -> V { try deviation * deviation }

  /// The variance that stays when the weights are known, E[p(1 − p)].
  public func aleatoric() throws -> V { try total() - epistemic() }

  /// The variance of the answer itself, yes or no: p(1 − p), the sum of the other two.
  public func total() throws -> V {
    try probability * probability.affine(scale: -1, offset: 1)
  }
}

/// What a head that is applied to each token alone has to see of its picture. Whether a token belongs where
/// it is cannot be told from the token: a normal piece of a product is an anomaly in another product, and
/// in another place of its own.
package struct Surroundings {
  let grid: Grid

  package init(grid: Grid) { self.grid = grid }

  /// How many times as wide as a token that is.
  static let views = 3

  /// Each token; what it has beyond the mean of the tokens around it, 3×3 with itself, fewer at the
  /// border; and beyond the mean of its picture.
  ///
  /// - Parameter tokens: `[batch, N, C]`.
  /// - Returns: `[batch, N, 3C]`.
  package func callAsFunction<V: Value>(_ tokens: V) throws -> V {
    let sum = try tokens.featureMap(grid).averagePooled(kernel: 3, stride: 1, padding: 1)
    // The pooling counts the zeros beyond the border.
    let scale = try tokens.constant(shares, shape: [1, 1, grid.height, grid.width])
    let around = try (sum * scale).tokens()
    return try V.concatenated(
      [tokens, tokens - around, tokens - tokens.mean(axes: [1])], axis: 2)
  }

  /// 9 divided by the tokens that there are around each.
  private var shares: [Float] {
    (0..<grid.count).map { token in
      let (row, column) = (token / grid.width, token % grid.width)
      let rows = min(row + 1, grid.height - 1) - max(row - 1, 0) + 1
      let columns = min(column + 1, grid.width - 1) - max(column - 1, 0) + 1
      return 9 / Float(rows * columns)
    }
  }
}
