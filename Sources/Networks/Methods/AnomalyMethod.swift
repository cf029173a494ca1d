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
  /// What a second look says; nil for methods without one.
  public var perceived: Perceived<V>?

  public init(map: V, score: V, perceived: Perceived<V>? = nil) {
    self.map = map
    self.score = score
    self.perceived = perceived
  }
}

/// What a network perceives as anomalous in a batch, apart from its score.
public struct Perceived<V: Value> {
  /// `[batch]`, in 0…1: how anomalous each picture is as a whole.
  public var suspicion: V
  /// `[batch, h, w]`, on the tokens' grid: the probability of each token to be anomalous.
  public var probability: V
  /// `[batch, height, width]`: how unsure that is; higher is less sure.
  public var uncertainty: V

  public init(suspicion: V, probability: V, uncertainty: V) {
    self.suspicion = suspicion
    self.probability = probability
    self.uncertainty = uncertainty
  }
}
