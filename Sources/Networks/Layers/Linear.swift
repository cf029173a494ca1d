import Foundation

/// A linear map of the last dimension: `[…, in] → […, out]`.
public struct Linear<V: Value> {
  public let weight: V
  public let bias: V?

  /// - Parameters:
  ///   - initializer: of the weight; Xavier uniform unless said. The bias begins at zero.
  public init(
    _ parameters: Parameters<V>, from inputs: Int, to outputs: Int, bias: Bool = true,
    initializer: Initializer? = nil, biasInitializer: Initializer = .zeros
  ) throws {
    weight = try parameters(
      "weight", [outputs, inputs],
      initializer ?? .xavierUniform(fanIn: inputs, fanOut: outputs))
    self.bias = bias ? try parameters("bias", [outputs], biasInitializer) : nil
  }

  /// As PyTorch begins its linear layers: weight and bias uniform within ±1/√in.
  public static func asInPyTorch(
    _ parameters: Parameters<V>, from inputs: Int, to outputs: Int
  ) throws -> Linear {
    try Linear(
      parameters, from: inputs, to: outputs, initializer: .fanInUniform(inputs),
      biasInitializer: .fanInUniform(inputs))
  }

  public func callAsFunction(_ value: V) throws -> V {
    try value.linear(weight: weight, bias: bias)
  }
}

/// Layer normalisation of the last dimension (Ba et al., 2016).
public struct LayerNorm<V: Value> {
  public let weight: V
  public let bias: V
  let epsilon: Float

  public init(_ parameters: Parameters<V>, width: Int, epsilon: Float = 1e-5) throws {
    weight = try parameters("weight", [width], .ones)
    bias = try parameters("bias", [width], .zeros)
    self.epsilon = epsilon
  }

  public func callAsFunction(_ value: V) throws -> V {
    try value.layerNorm(weight: weight, bias: bias, epsilon: epsilon)
  }
}

/// A linear map of the last dimension whose weights are independent Gaussians, N(μ, σ²) each with
/// σ = log(1 + exp ρ): a mean-field posterior (Blundell et al., "Weight uncertainty in neural
/// networks", 2015). Without ρ it is an ordinary linear map.
///
/// Its output is drawn, not its weights (local reparameterisation: Kingma, Salimans and Welling,
/// "Variational dropout and the local reparameterization trick", 2015): for given inputs x an output
/// is itself Gaussian, with mean μ·x + μ_b and variance σ²·x² + σ_b².
public struct BayesianLinear<V: Value> {
  public let mean: Linear<V>
  /// ρ of the weight `[out, in]` and of the bias `[out]`; nil for a map that is certain.
  let spread: (weight: V, bias: V)?

  /// - Parameters:
  ///   - deviation: σ at the start, of every weight; nil for a map that is certain.
  public init(
    _ parameters: Parameters<V>, from inputs: Int, to outputs: Int, deviation: Float?
  ) throws {
    mean = try Linear(parameters, from: inputs, to: outputs)
    spread = try deviation.map { deviation in
      let rho = Softplus.inverse(deviation)
      let start = Initializer.uniform(low: rho, high: rho)
      return (
        try parameters("weight_rho", [outputs, inputs], start),
        try parameters("bias_rho", [outputs], start)
      )
    }
  }

  /// The output's distribution for inputs `[…, in]`: mean and variance, each `[…, out]`; no variance
  /// when the map is certain.
  public func callAsFunction(_ value: V) throws -> (mean: V, variance: V?) {
    let variance = try spread.map { rho in
      let (weight, bias) = (try rho.weight.softplus(), try rho.bias.softplus())
      return try (value * value).linear(weight: weight * weight, bias: bias * bias)
    }
    return (try mean(value), variance)
  }

  /// The output's mean and variance for inputs that are random themselves, independent of each other,
  /// with `mean` and `variance` (both exact): μ·x̄ + μ_b and σ²·(x̄² + var x) + μ²·var x + σ_b².
  public func callAsFunction(mean value: V, variance: V) throws -> (mean: V, variance: V) {
    let through = try variance.linear(weight: mean.weight * mean.weight, bias: nil)
    let own = try spread.map { rho in
      let (weight, bias) = (try rho.weight.softplus(), try rho.bias.softplus())
      return try (value * value + variance).linear(weight: weight * weight, bias: bias * bias)
    }
    return (try mean(value), try own.map { try $0 + through } ?? through)
  }

  /// KL(q ‖ prior) of all weights and biases against N(0, `deviation`²), a single number; nil when
  /// the map is certain:
  ///
  ///     Σ log(σ_p/σ) + (σ² + μ²)/(2σ_p²) − ½
  public func divergence(fromPrior deviation: Float) throws -> V? {
    guard let spread, let bias = mean.bias else { return nil }
    let ofWeight = try Self.divergence(mean.weight, rho: spread.weight, prior: deviation)
    return try ofWeight + Self.divergence(bias, rho: spread.bias, prior: deviation)
  }

  private static func divergence(_ mean: V, rho: V, prior: Float) throws -> V {
    let sigma = try rho.softplus()
    let ratio = try sigma.affine(scale: 1 / prior, offset: 0)
    let squares = try (sigma * sigma + mean * mean).affine(
      scale: 0.5 / (prior * prior), offset: -0.5)
    return try (squares - ratio.logarithm()).sum(axes: Array(mean.shape.indices)).reshaped([])
  }
}

/// log(1 + exp x) of plain numbers.
enum Softplus {
  /// The x whose softplus is `value`, above 0.
  static func inverse(_ value: Float) -> Float {
    // log(exp v − 1), in the form that keeps small values apart.
    let v = Double(value)
    return Float(v > 30 ? v : log(expm1(v)))
  }
}
