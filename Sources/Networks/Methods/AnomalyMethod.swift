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

  public init(map: V, score: V) {
    self.map = map
    self.score = score
  }
}
