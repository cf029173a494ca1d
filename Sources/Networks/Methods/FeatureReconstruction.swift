/// A method that rebuilds one aligned feature map F as if its picture were normal, and looks at where
/// the rebuilt map F_rec differs from it: RAS and UniAD, which differ in the network alone.
///
/// The map is S = ‖F − F_rec‖₂ over channels, brought to picture size with aligned corners; the image
/// score is the map's maximum after an average pooling (RAS eq. 14, UniAD §3.4).
public protocol FeatureReconstruction: AnomalyMethod {
  /// The grid of the aligned features.
  var grid: Grid { get }
  /// Strength of the feature jitter.
  var jitter: Float { get set }
  /// Side of the average pooling before the maximum, in pixels.
  var scorePooling: Int { get }

  /// The network that rebuilds, its parameters from `parameters`.
  func reconstructor<V: Value>(_ parameters: Parameters<V>) throws -> any ReconstructingNetwork<V>
}

/// A network that rebuilds features.
public protocol ReconstructingNetwork<V> {
  associatedtype V: Value

  /// F_rec of aligned features F.
  ///
  /// - Parameters:
  ///   - features: F, `[batch, C, H, W]`.
  ///   - noise: where jitter and dropout are drawn from; nil for neither.
  /// - Returns: tokens `[batch, H·W, C]`: what the loss and the anomaly map look at.
  func reconstruction(_ features: V, noise: TrainingNoise<V>?) throws -> V
}

extension FeatureReconstruction {
  public func detect<V: Value>(
    _ features: [V], size: Grid, parameters: Parameters<V>
  ) throws -> Detection<V> {
    try detect(features, size: size, parameters: parameters, noise: nil)
  }

  /// The same with noise on the features that the network sees, while F stays as it is: how much a
  /// trained network tolerates (RAS, Table 6).
  public func detect<V: Value>(
    _ features: [V], size: Grid, parameters: Parameters<V>, noise: TrainingNoise<V>?
  ) throws -> Detection<V> {
    try detect(
      anomalyMap: anomalyMap(
        Self.aligned(features), reconstructor(parameters), noise: noise),
      size: size)
  }

  /// S at the features' own grid, `[batch, 1, h, w]`.
  public func anomalyMap<V: Value>(
    _ features: V, _ network: any ReconstructingNetwork<V>, noise: TrainingNoise<V>? = nil
  ) throws -> V {
    let difference = try features.tokens() - network.reconstruction(features, noise: noise)
    return try (difference * difference).sum(axes: [2]).squareRoot().featureMap(grid)
  }

  /// Pixel map and score of a token-grid map `[batch, 1, h, w]`.
  public func detect<V: Value>(anomalyMap: V, size: Grid) throws -> Detection<V> {
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

  /// The one aligned map that such a method takes.
  public static func aligned<V: Value>(_ features: [V]) throws -> V {
    guard let aligned = features.first, features.count == 1 else {
      throw NetworkError("\(Self.self) takes one aligned feature map, not \(features.count)")
    }
    return aligned
  }
}
