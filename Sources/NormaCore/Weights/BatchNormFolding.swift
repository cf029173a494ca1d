import NormaFiles

/// A batch norm that follows a convolution and no longer learns is a factor and an offset per channel;
/// both go into the convolution (Ioffe and Szegedy, 2015, algorithm 2).
public enum BatchNormFolding {
  /// What a batch norm holds per channel: `γ·(x − mean)/√(variance + ε) + β`.
  public struct Statistics: Sendable {
    public var scale: [Float]
    public var shift: [Float]
    public var mean: [Float]
    public var variance: [Float]

    /// `scale` is γ, `shift` β. All four have one value per output channel of the convolution.
    public init(scale: [Float], shift: [Float], mean: [Float], variance: [Float]) {
      (self.scale, self.shift, self.mean, self.variance) = (scale, shift, mean, variance)
    }
  }

  /// The convolution that computes what `weight`, then the batch norm, computed.
  ///
  /// Computed in 64 bits: a small variance would otherwise cost digits.
  /// - Parameters:
  ///   - weight: `[out, in / groups, height, width]`, `out` at least 1.
  ///   - bias: the convolution's own, `[out]`; `nil` for none.
  ///   - epsilon: 1e-3 for EfficientNet.
  public static func fold(
    weight: WeightTensor, bias: WeightTensor? = nil, _ norm: Statistics, epsilon: Double
  ) -> (weight: WeightTensor, bias: WeightTensor) {
    let channels = norm.scale.count
    let perChannel = weight.values.count / channels
    var folded = weight
    var shifts = [Float](repeating: 0, count: channels)
    for channel in 0..<channels {
      let deviation = (Double(norm.variance[channel]) + epsilon).squareRoot()
      let factor = Double(norm.scale[channel]) / deviation
      for index in (channel * perChannel)..<((channel + 1) * perChannel) {
        folded.values[index] = Float(Double(weight.values[index]) * factor)
      }
      let centred = Double(bias?.values[channel] ?? 0) - Double(norm.mean[channel])
      shifts[channel] = Float(Double(norm.shift[channel]) + centred * factor)
    }
    return (folded, WeightTensor(shape: [channels], values: shifts))
  }
}
