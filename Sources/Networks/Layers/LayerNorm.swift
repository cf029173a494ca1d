/// Layer normalisation of the last dimension (Ba et al., 2016).
public struct LayerNorm<V: Value> {
  public let weight: V
  public let bias: V
  static var epsilon: Float { 1e-5 }

  public init(_ parameters: Parameters<V>, width: Int) throws {
    weight = try parameters("weight", [width], .ones)
    bias = try parameters("bias", [width], .zeros)
  }

  public func callAsFunction(_ value: V) throws -> V {
    try value.layerNorm(weight: weight, bias: bias, epsilon: Self.epsilon)
  }
}
