import Foundation

/// What it is worth to send the pictures in doubt to a person: the errors that are left among the
/// others, by the model's uncertainty and, to compare, by nothing but how close a score is to its
/// threshold.
public struct ReviewDial: Codable, Sendable, Equatable {
  /// A labelled picture, and what decided on it.
  public struct Picture: Sendable {
    public var isAnomalous: Bool
    public var score: Float
    public var threshold: Float
    public var uncertainty: Float

    public init(isAnomalous: Bool, score: Float, threshold: Float, uncertainty: Float) {
      (self.isAnomalous, self.score) = (isAnomalous, score)
      (self.threshold, self.uncertainty) = (threshold, uncertainty)
    }

    var isError: Bool { (score > threshold) != isAnomalous }

    /// How far the score is from the threshold, in factors of it; one without a logarithm is farthest.
    var distance: Double {
      guard score > 0, threshold > 0 else { return .infinity }
      return abs(log(Double(score)) - log(Double(threshold)))
    }
  }

  /// One position of the dial.
  public struct Row: Codable, Sendable, Equatable {
    /// The share of all pictures that a person looks at.
    public var share: Double
    /// How many that are.
    public var sent: Int
    /// Normal pictures above the threshold among the others.
    public var falseAlarms: Int
    /// Anomalous pictures not above the threshold among the others.
    public var misses: Int
    /// The share of errors among the others; 0 when all are sent.
    public var errorRate: Double
  }

  /// Pictures in all.
  public var pictures: Int
  /// The least sure first.
  public var byUncertainty: [Row]
  /// Those nearest to their threshold first.
  public var byScore: [Row]

  /// The shares that a report shows.
  public static let usualShares = [0, 0.01, 0.02, 0.05, 0.1, 0.2]

  /// - Parameter shares: of the pictures that go to a person, in 0…1; of n pictures, share · n rounded.
  public init(_ pictures: [Picture], shares: [Double] = usualShares) {
    self.init(models: [pictures], shares: shares)
  }

  /// The same over several models, each of which sends its own share: what one model calls unsure says
  /// nothing of another's.
  ///
  /// - Parameter models: the pictures that each decided on.
  public init(models: [[Picture]], shares: [Double] = usualShares) {
    pictures = models.reduce(0) { $0 + $1.count }
    byUncertainty = Self.rows(
      models.map { $0.sorted { $0.uncertainty > $1.uncertainty } }, shares)
    byScore = Self.rows(models.map { $0.sorted { $0.distance < $1.distance } }, shares)
  }

  private static func rows(_ ordered: [[Picture]], _ shares: [Double]) -> [Row] {
    shares.map { share in
      let rest = ordered.flatMap { pictures in
        pictures.dropFirst(Int((share * Double(pictures.count)).rounded()))
      }
      let errors = rest.filter(\.isError)
      let misses = errors.count { $0.isAnomalous }
      return Row(
        share: share, sent: ordered.reduce(-rest.count) { $0 + $1.count },
        falseAlarms: errors.count - misses, misses: misses,
        errorRate: rest.isEmpty ? 0 : Double(errors.count) / Double(rest.count))
    }
  }
}
