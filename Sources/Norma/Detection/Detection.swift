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
  /// How unsure the network is; nil for models that do not know.
  public var uncertainty: PictureUncertainty?

  public init(
    score: Float, map: AnomalyMap, feature: [Float], original: PictureSize,
    uncertainty: PictureUncertainty? = nil
  ) {
    (self.score, self.map, self.feature, self.original) = (score, map, feature, original)
    self.uncertainty = uncertainty
  }
}

/// How unsure the network is of one picture: 0 is sure, ½ knows nothing.
public struct PictureUncertainty: Sendable, Equatable {
  /// Of the picture, at the places from which its score comes.
  public var value: Float
  /// Of each place, at the network's input size.
  public var map: AnomalyMap
  /// The probability of each token to be anomalous, on the tokens' grid; nil of models that do not say.
  public var probability: AnomalyMap?

  public init(value: Float, map: AnomalyMap, probability: AnomalyMap? = nil) {
    (self.value, self.map, self.probability) = (value, map, probability)
  }
}

/// A graph that is not what Norma exports, or gives what is not a number.
public struct DetectionError: Error, CustomStringConvertible, Sendable, Equatable {
  public let description: String

  init(_ description: String) { self.description = description }
}
