/// A method that rebuilds one aligned feature map F as if its picture were normal, and looks at where
/// the rebuilt map F_rec differs from it: RAS and UniAD, which differ in the network alone.
///
/// The map is S = ‖F − F_rec‖₂ over channels (RAS eq. 14, UniAD §3.4), or another ``Residual``.
public protocol FeatureReconstruction: AlignedFeatureMethod {
  /// Strength of the feature jitter.
  var jitter: Float { get set }
  /// What becomes of the difference.
  var residual: Residual { get set }

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
    try residual(features.tokens(), network.reconstruction(features, noise: noise)).featureMap(grid)
  }
}
