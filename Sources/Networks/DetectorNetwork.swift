/// The whole detector as one forward pass, from the picture's bytes to map and score: what
/// `graph.onnx` is recorded from.
public struct DetectorNetwork: Sendable {
  public let trunk: Trunk
  public let method: any AnomalyMethod
  /// One for each map of the trunk, or nil for features as they are.
  public let standardization: [Standardization]?

  public init(trunk: Trunk, method: any AnomalyMethod, standardization: [Standardization]?) {
    self.trunk = trunk
    self.method = method
    self.standardization = standardization
  }

  /// - Parameters:
  ///   - pictures: `[batch, S, S, 3]`, RGB from 0 to 255.
  ///   - backbone: the backbone's parameters, batch norms folded.
  ///   - parameters: the trained network's.
  ///   - jitter: noise on the features that the network sees, for measuring what it tolerates; only
  ///     methods that rebuild features have it.
  /// - Returns: map and score, and `[batch, ΣC]`, each channel's mean over the picture.
  public func callAsFunction<V: Value>(
    _ pictures: V, backbone: Parameters<V>, parameters: Parameters<V>,
    jitter: FeatureJitter<V>? = nil
  ) throws -> (detection: Detection<V>, feature: V) {
    let maps = try trunk(pictures, parameters: backbone)
    let means = try maps.map { map in
      try map.mean(axes: [2, 3]).reshaped([map.shape[0], map.shape[1]])
    }
    let standardized =
      try standardization.map { try zip(maps, $0).map { try $1($0) } } ?? maps
    let size = Grid(height: trunk.imageSize, width: trunk.imageSize)
    let detection =
      try jitter.map {
        try jittered(by: $0).detect(
          standardized, size: size, parameters: parameters, noise: $0.noise)
      } ?? method.detect(standardized, size: size, parameters: parameters)
    let feature = means.count == 1 ? means[0] : try V.concatenated(means, axis: 1)
    return (detection, feature)
  }

  private func jittered<V: Value>(by jitter: FeatureJitter<V>) throws -> any FeatureReconstruction {
    guard var method = method as? any FeatureReconstruction else {
      throw NetworkError("\(type(of: method)) has no feature jitter")
    }
    method.jitter = jitter.strength
    return method
  }
}

/// Noise on the features of a trained network: `strength` is the α of RAS's Table 6.
public struct FeatureJitter<V: Value> {
  public var strength: Float
  /// g ~ N(0, I), `[batch, tokens, C]`.
  public var normal: V

  public init(strength: Float, normal: V) {
    self.strength = strength
    self.normal = normal
  }

  var noise: TrainingNoise<V> { TrainingNoise(normal: { [normal] _ in normal }) }
}
