/// RAS as a detector: S = ‖F − F_rec‖₂ over channels, brought to picture size with aligned corners;
/// the image score is the maximum of the map after an average pooling.
public struct RASMethod: AnomalyMethod, Equatable {
  public var configuration: RASConfiguration
  /// Side of the average pooling before the maximum, in pixels.
  public var scorePooling = 16

  public init(_ configuration: RASConfiguration) {
    self.configuration = configuration
  }

  public func detect<V: Value>(
    _ features: [V], size: Grid, parameters: Parameters<V>
  ) throws -> Detection<V> {
    guard let aligned = features.first, features.count == 1 else {
      throw NetworkError("RAS takes one aligned feature map, not \(features.count)")
    }
    return try detect(
      anomalyMap: anomalyMap(aligned, RAS(configuration, parameters)), size: size)
  }

  /// S at the features' own grid, `[batch, 1, h, w]`.
  public func anomalyMap<V: Value>(_ features: V, _ network: RAS<V>) throws -> V {
    let difference = try features.tokens() - network.reconstruction(features)
    return try (difference * difference).sum(axes: [2]).squareRoot().featureMap(configuration.grid)
  }

  /// Pixel map and score of a token-grid map `[batch, 1, h, w]`.
  public func detect<V: Value>(anomalyMap: V, size: Grid) throws -> Detection<V> {
    let grid = configuration.grid
    let up = SeparableFilter(
      rows: .bilinear(from: grid.height, to: size.height),
      columns: .bilinear(from: grid.width, to: size.width))
    let pooled = up.followed(
      rows: .average(size: size.height, window: min(scorePooling, size.height)),
      columns: .average(size: size.width, window: min(scorePooling, size.width)))
    let batch = anomalyMap.shape[0]
    return try Detection(
      map: up(anomalyMap).reshaped([batch, size.height, size.width]),
      score: pooled(anomalyMap).maximum(axes: [1, 2, 3]).reshaped([batch]))
  }
}
