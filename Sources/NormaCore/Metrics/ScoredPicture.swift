/// One labelled picture and its score.
public struct ScoredPicture: Codable, Sendable, Equatable {
  public var path: String
  public var category: String
  /// What the ground truth says.
  public var isAnomalous: Bool
  /// The image score; higher is more anomalous.
  public var score: Float
  /// How uncertain the shared threshold's verdict is; nil when the model does not know.
  public var uncertainty: Float?

  public init(
    path: String, category: String, isAnomalous: Bool, score: Float, uncertainty: Float? = nil
  ) {
    self.path = path
    self.category = category
    self.isAnomalous = isAnomalous
    self.score = score
    self.uncertainty = uncertainty
  }
}
