import Foundation

extension Calibration {
  /// The share of normal pictures whose suspicion may be above the limit at which a perception calls
  /// one of them anomalous. Looser than thresholds: it is a second opinion, which decides nothing.
  static let suspicionRate = 0.05

  /// How uncertain a verdict is, in 0…1: how far the perception contradicts it. ½ is at its limit, the
  /// suspicion that ``suspicionRate`` of normal pictures exceed; with the log-odds of suspicion and
  /// limit, σ(logit s − logit s₀) of a verdict that is normal, and 1 minus that of one that is anomalous.
  ///
  /// - Parameters:
  ///   - suspicion: how anomalous the picture is to the perception, in 0…1.
  ///   - category: whose threshold decided; `nil` for the shared one.
  /// - Returns: `nil` when the calibration has no suspicions of normal pictures.
  public func uncertainty(
    suspicion: Float, isAnomalous: Bool, category: String? = nil
  ) -> Float? {
    let found = suspicions.threshold(
      category: category, rate: Self.suspicionRate, extrapolate: false)
    guard let limit = found?.value else { return nil }
    let excess = Self.logit(suspicion) - Self.logit(limit)
    return Float(1 / (1 + exp(isAnomalous ? excess : -excess)))
  }

  /// The uncertainty of the shared threshold's verdict on a picture; `nil` when uncalibrated, too.
  public func uncertainty(suspicion: Float, score: Float) -> Float? {
    shared.flatMap { uncertainty(suspicion: suspicion, isAnomalous: score > $0.value) }
  }

  /// How near a verdict is to having been the other one, in 0…1: 1 at the threshold, and from there to 0 by
  /// the factor that its level lies below or above it. What was measured to sort out doubtful verdicts best
  /// (docs/thresholds.md), and what every model has.
  public static func doubt(level: Double) -> Float {
    level > 0 ? Float(min(level, 1 / level)) : 0
  }

  /// The doubt above which a picture goes to a person, so that about this share of normal pictures does; one
  /// for all categories. `nil` for an uncalibrated model.
  ///
  /// - Parameters:
  ///   - share: in (0, 1). Where the pictures are too few for it, the smallest share that they support,
  ///     1/(n + 1), stands in, as with ``threshold(category:rate:)``.
  ///   - byCategory: whether each picture is judged by its category's threshold.
  ///   - rate: another false-alarm rate than the calibration's.
  /// - Throws: ``CalibrationError`` for a share or rate that is not one.
  public func reviewThreshold(
    share: Double, byCategory: Bool = false, rate: Double? = nil
  ) throws -> Threshold? {
    try Self.check(rate: share)
    var doubts: [String: [Float]] = [:]
    for (name, values) in normalScores {
      doubts[name] = try values.compactMap {
        try verdict(path: "", score: $0, category: byCategory ? name : nil, rate: rate).level
          .map(Self.doubt)
      }
    }
    return try NormalScores(doubts, rate: share, what: "doubt")
      .threshold(category: nil, rate: share, extrapolate: false)
  }

  /// log(p/(1 − p)), held within what single precision tells from 0 and 1.
  private static func logit(_ probability: Float) -> Double {
    let p = min(max(Double(probability), 1e-7), 1 - 1e-7)
    return log(p / (1 - p))
  }
}

/// What a network's numbers are multiplied by when it computes in another way.
public struct ScoreFactors: Sendable, Equatable {
  public var score: Double
  /// Of the largest value of an anomaly map.
  public var peak: Double
  /// Of the perception's suspicion of a picture.
  public var suspicion: Double

  public init(score: Double = 1, peak: Double = 1, suspicion: Double = 1) {
    (self.score, self.peak, self.suspicion) = (score, peak, suspicion)
  }
}

extension Calibration {
  /// This calibration for the same network in another precision: the normal pictures' numbers
  /// multiplied, the thresholds set anew by them.
  ///
  /// - Parameters:
  ///   - factors: by category.
  ///   - others: of categories that `factors` lacks.
  /// - Throws: ``CalibrationError`` when a factor makes a number that is not finite.
  public func rescaled(
    _ factors: [String: ScoreFactors], others: ScoreFactors
  ) throws -> Calibration {
    guard case .calibrated(let source) = status else { return self }
    func times(
      _ values: [String: [Float]], _ factor: KeyPath<ScoreFactors, Double>,
      limit: Double = .infinity
    ) -> [String: [Float]] {
      Dictionary(
        uniqueKeysWithValues: values.map { category, values in
          let factor = (factors[category] ?? others)[keyPath: factor]
          return (category, values.map { Float(min(limit, Double($0) * factor)) })
        })
    }
    return try .fit(
      scores: times(normalScores, \.score), pixelMaxima: times(normalPixelMaxima, \.peak),
      suspicions: times(normalSuspicions, \.suspicion, limit: 1), source: source,
      rate: falseAlarmRate, pixelRate: pixelFalseAlarmRate, extrapolate: extrapolates,
      features: features, autoAccuracy: autoAccuracy, autoAccuracyPictures: autoAccuracyPictures,
      distances: normalDistances, unknownRate: unknownRate)
  }
}
