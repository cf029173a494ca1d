import NormaCore

/// What the network says of one picture.
public struct Detection: Sendable, Equatable {
  /// The image score; higher is more anomalous.
  public var score: Float
  /// The anomaly map at the network's input size, over the whole picture.
  public var map: AnomalyMap
  /// The mean aligned trunk feature, `[channels]`.
  public var feature: [Float]
  /// The picture's own size.
  public var original: PictureSize

  public init(score: Float, map: AnomalyMap, feature: [Float], original: PictureSize) {
    (self.score, self.map, self.feature, self.original) = (score, map, feature, original)
  }
}

/// A graph that is not what Norma exports, or gives what is not a number.
public struct DetectionError: Error, CustomStringConvertible, Sendable, Equatable {
  public let description: String

  init(_ description: String) { self.description = description }
}
