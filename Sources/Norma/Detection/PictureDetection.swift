import NormaCore

/// What the network says of one picture.
public struct PictureDetection: Sendable, Equatable {
  /// The image score; higher is more anomalous.
  public var score: Float
  /// The anomaly map at the network's input size, over the whole picture.
  public var map: AnomalyMap
  /// The mean aligned trunk feature, `[channels]`.
  public var feature: [Float]
  /// The picture's own size.
  public var original: PictureSize
  /// What the network perceives as anomalous besides; nil for models that perceive nothing.
  public var perceived: PicturePerception?

  public init(
    score: Float, map: AnomalyMap, feature: [Float], original: PictureSize,
    perceived: PicturePerception? = nil
  ) {
    (self.score, self.map, self.feature, self.original) = (score, map, feature, original)
    self.perceived = perceived
  }
}

/// What the network perceives as anomalous in one picture, apart from its score: a second look, which
/// may contradict the first.
public struct PicturePerception: Sendable, Equatable {
  /// How anomalous the picture is as a whole, in 0…1.
  public var suspicion: Float
  /// The probability of each token to be anomalous, on the tokens' grid.
  public var probability: AnomalyMap
  /// How unsure that is, at the network's input size: 0 is sure, ½ knows nothing.
  public var uncertainty: AnomalyMap

  public init(suspicion: Float, probability: AnomalyMap, uncertainty: AnomalyMap) {
    (self.suspicion, self.probability, self.uncertainty) = (suspicion, probability, uncertainty)
  }
}
