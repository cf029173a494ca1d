/// A method as the detector sees it: features in, anomaly map and score out. A method is a value that
/// holds its configuration; its parameters come from outside, so the same code trains and exports.
public protocol AnomalyMethod: Sendable {
  /// The anomaly map at picture size and the image score.
  ///
  /// - Parameters:
  ///   - features: one map `[batch, C, h, w]` for each level that the method was made for.
  ///   - size: of the picture, in pixels.
  /// - Returns: the map `[batch, height, width]` and the score `[batch]`.
  func detect<V: Value>(
    _ features: [V], size: Grid, parameters: Parameters<V>
  ) throws -> Detection<V>
}

/// What a detector gives for a batch.
public struct Detection<V: Value> {
  /// `[batch, height, width]`; higher is less normal.
  public var map: V
  /// `[batch]`.
  public var score: V
  /// How unsure the network is; nil for methods that do not know.
  public var uncertainty: Uncertainty<V>?

  public init(map: V, score: V, uncertainty: Uncertainty<V>? = nil) {
    self.map = map
    self.score = score
    self.uncertainty = uncertainty
  }
}

/// How unsure a network is of a batch.
public struct Uncertainty<V: Value> {
  /// `[batch, height, width]`; higher is less sure.
  public var map: V
  /// `[batch]`: of the picture as a whole.
  public var value: V
  /// `[batch, h, w]`, on the tokens' grid: the probability of each token to be anomalous; nil for
  /// methods that give none.
  public var probability: V?

  public init(map: V, value: V, probability: V? = nil) {
    self.map = map
    self.value = value
    self.probability = probability
  }
}
