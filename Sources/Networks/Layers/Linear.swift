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
