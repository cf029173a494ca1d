/// RLR as a detector: at each level the squared difference and one minus the cosine of features and
/// rebuilt features (eq. 16), brought to picture size with aligned corners and averaged over levels; the
/// image score is the maximum of the map after a Gaussian, the pixel map itself is not smoothed.
public struct RLRMethod: AnomalyMethod, Equatable {
  /// What the level's map adds to the cosine's part.
  public enum Difference: String, Sendable {
    /// The mean over channels of the squared difference, as the released code has it.
    case meanSquare
    /// The norm of the difference, as eq. 16 prints it.
    case norm
  }

  public var configuration: RLRConfiguration
  public var difference = Difference.meanSquare
  /// Deviation of the Gaussian before the maximum, in pixels.
  public var smoothing = 4.0
  /// In training, one optimiser step a level for each batch, in which the other levels' gradients are
  /// zero and not absent, as released; false: one step on the sum of the levels' losses.
  public var stepsPerLevel = false
  /// In training, the width D whose level learns at the learning rate; another level learns at that rate
  /// times `rateWidth`/D, as Adam's steps move what a wider layer gives further (Yang and Hu, "Tensor
  /// Programs V", Table 3). nil: all levels at the same rate, as released.
  public var rateWidth: Int?

  public init(_ configuration: RLRConfiguration) {
    self.configuration = configuration
  }

  public func detect<V: Value>(
    _ features: [V], size: Grid, parameters: Parameters<V>
  ) throws -> Detection<V> {
    try detect(levelMaps: levelMaps(features, RLR(configuration, parameters)), size: size)
  }

  /// Each level's map at its own grid, `[batch, 1, h, w]`.
  public func levelMaps<V: Value>(_ features: [V], _ network: RLR<V>) throws -> [V] {
    try zip(zip(features, network.levels), network.reconstructions(features)).map {
      let (tokens, rebuilt) = try ($0.0.tokens(), $1)
      let difference = try tokens - rebuilt
      let squares = try difference * difference
      let distance =
        switch self.difference {
        case .meanSquare: try squares.mean(axes: [2])
        case .norm: try squares.sum(axes: [2]).squareRoot()
        }
      let cosine = try tokens.cosineSimilarity(to: rebuilt, axis: 2)
      return try (distance + cosine.affine(scale: -1, offset: 1)).featureMap($0.1.grid)
    }
  }

  /// Pixel map and score of the levels' maps.
  public func detect<V: Value>(levelMaps: [V], size: Grid) throws -> Detection<V> {
    var map: V?
    var smooth: V?
    for level in levelMaps {
      let up = SeparableFilter(
        rows: .bilinear(from: level.shape[2], to: size.height),
        columns: .bilinear(from: level.shape[3], to: size.width))
      let blurred = up.followed(
        rows: .gaussian(size: size.height, sigma: smoothing),
        columns: .gaussian(size: size.width, sigma: smoothing))
      map = try map.map { try $0 + up(level) } ?? up(level)
      smooth = try smooth.map { try $0 + blurred(level) } ?? blurred(level)
    }
    guard let map, let smooth else { throw NetworkError("RLR needs at least one level") }
    let (batch, share) = (map.shape[0], 1 / Float(levelMaps.count))
    return try Detection(
      map: map.affine(scale: share, offset: 0).reshaped([batch, size.height, size.width]),
      score: smooth.maximum(axes: [1, 2, 3]).affine(scale: share, offset: 0).reshaped([batch]))
  }
}
