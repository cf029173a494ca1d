/// A score above which something is anomalous, and what that promises.
public struct Threshold: Codable, Sendable, Equatable {
  /// Which normal scores the threshold was set by.
  public enum Basis: String, Codable, Sendable {
    /// The normal pictures of all categories together, as they score.
    case pooled
    /// The category's own normal pictures alone.
    case category
    /// The normal pictures of all categories, each seen relative to its own category: where the
    /// category's own pictures are too few (``CategoryScales``).
    case leaning
  }

  /// Anomalous is what scores *above* this.
  public var value: Float
  /// The stated false-alarm rate: the share of new normal pictures that score above ``value``. Where
  /// the pictures are too few for the rate that was asked for, the smallest rate that they support.
  public var rate: Double
  /// The rate that was asked for.
  public var requestedRate: Double
  /// Whether the value lies on a fitted tail instead of among the scores that were seen; then the
  /// rate is an estimate, not a guarantee.
  public var extrapolated: Bool
  /// How many normal pictures stand behind the rate.
  public var pictures: Int
  /// Which pictures these are.
  public var basis: Basis

  public init(
    value: Float, rate: Double, requestedRate: Double, extrapolated: Bool, pictures: Int,
    basis: Basis
  ) {
    self.value = value
    self.rate = rate
    self.requestedRate = requestedRate
    self.extrapolated = extrapolated
    self.pictures = pictures
    self.basis = basis
  }
}
