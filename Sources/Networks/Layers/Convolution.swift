/// A convolution of feature maps with a bias, into which a batch norm that followed is folded.
struct Convolution<V: Value> {
  private let weights: LinearWeights<V>
  private let stride: Int
  private let padding: Padding
  private let groups: Int

  /// - Parameters:
  ///   - shape: of the weight, `[out, in / groups, height, width]`.
  ///   - padding: zeros on each side.
  init(
    _ parameters: Parameters<V>, shape: [Int], stride: Int = 1, padding: Int = 0, groups: Int = 1
  ) throws {
    weights = LinearWeights(
      weight: try parameters(
        "weight", shape, .kaimingNormal(fanIn: shape[1] * shape[2] * shape[3])),
      bias: try parameters("bias", [shape[0]], .zeros))
    (self.stride, self.groups) = (stride, groups)
    self.padding = Padding(top: padding, left: padding, bottom: padding, right: padding)
  }

  func callAsFunction(_ map: V) throws -> V {
    try map.convolution(
      weight: weights.weight, bias: weights.bias, stride: stride, padding: padding, groups: groups)
  }
}
