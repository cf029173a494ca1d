/// What Norma says of one picture; `norma inspect --json` writes one a line.
///
/// In JSON every key is present and what is unknown is `null`, but for the last two, which are there
/// only where there is something to say.
public struct Verdict: Codable, Sendable, Equatable {
  /// The picture's path as it was given.
  public var path: String
  /// The image score; higher is more anomalous.
  public var score: Float
  /// The share of normal pictures that score as high; `nil` when the model is uncalibrated.
  public var pValue: Double?
  /// The threshold that decided; `nil` when the model is uncalibrated.
  public var threshold: Float?
  /// The category whose threshold decided; `nil` for the shared one.
  public var category: String?
  /// Whether the score is above the threshold; `nil` when the model is uncalibrated.
  public var anomalous: Bool?
  /// The anomalous regions, highest peak first.
  public var regions: [Region]
  /// How far the model's perception contradicts the verdict, in 0…1, ½ being its limit
  /// (``Calibration/uncertainty(suspicion:isAnomalous:category:)``); `nil` for models without one.
  public var uncertainty: Float?
  /// Whether a person should look; `nil` when no share of pictures was set aside for that.
  public var review: Bool?

  public init(
    path: String, score: Float, pValue: Double? = nil, threshold: Float? = nil,
    category: String? = nil, anomalous: Bool? = nil, regions: [Region] = [],
    uncertainty: Float? = nil, review: Bool? = nil
  ) {
    self.path = path
    self.score = score
    self.pValue = pValue
    self.threshold = threshold
    self.category = category
    self.anomalous = anomalous
    self.regions = regions
    self.uncertainty = uncertainty
    self.review = review
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(path, forKey: .path)
    try container.encode(score, forKey: .score)
    try container.encode(pValue, forKey: .pValue)
    try container.encode(threshold, forKey: .threshold)
    try container.encode(category, forKey: .category)
    try container.encode(anomalous, forKey: .anomalous)
    try container.encode(regions, forKey: .regions)
    try container.encodeIfPresent(uncertainty, forKey: .uncertainty)
    try container.encodeIfPresent(review, forKey: .review)
  }
}
