/// Features with mean 0 and deviation 1 in each channel, by statistics of the training pictures.
public struct Standardization: Equatable, Sendable, Codable {
  public var mean: [Float]
  public var deviation: [Float]

  public init(mean: [Float], deviation: [Float]) {
    self.mean = mean
    self.deviation = deviation
  }

  /// `[batch, C, h, w]`, standardised.
  public func callAsFunction<V: Value>(_ features: V) throws -> V {
    let shape = [1, mean.count, 1, 1]
    let scale = deviation.map { 1 / max($0, 1e-6) }
    let offset = zip(mean, scale).map { -$0 * $1 }
    return try features * features.constant(scale, shape: shape)
      + features.constant(offset, shape: shape)
  }
}
