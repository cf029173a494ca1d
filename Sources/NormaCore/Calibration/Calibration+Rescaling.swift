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
      features: features, autoAccuracy: autoAccuracy)
  }
}
