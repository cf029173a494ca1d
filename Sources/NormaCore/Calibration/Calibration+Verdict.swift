import Foundation

extension Calibration {
  /// The conformal p-value of a picture's score: the share of normal pictures that score as high,
  /// (1 + #{normal ≥ score}) / (n + 1), among the pictures that set the same category's threshold.
  ///
  /// - Parameter category: `nil`, or a category without scores, ranks among all pictures.
  /// - Returns: in (0, 1]; 1 when uncalibrated or for a NaN score.
  public func pValue(score: Float, category: String? = nil) -> Double {
    score.isNaN ? 1 : scores.pValue(score, category: category)
  }

  /// The threshold of the image score.
  ///
  /// - Parameters:
  ///   - category: `nil` gives the shared threshold, and so does a category of which the model knows
  ///     the features but no scores.
  ///   - rate: another false-alarm rate than the calibration's.
  /// - Throws: ``CalibrationError`` when uncalibrated, for an unknown category, for a bad rate.
  public func threshold(category: String? = nil, rate: Double? = nil) throws -> Threshold {
    if let rate { try Self.check(rate: rate) }
    guard shared != nil else { throw CalibrationError.uncalibrated }
    try check(category)
    guard let found = threshold(of: category, rate: rate) else {
      throw CalibrationError.uncalibrated
    }
    return found
  }

  /// The same without a word about what is wrong; nil when uncalibrated.
  private func threshold(of category: String?, rate: Double?) -> Threshold? {
    guard let shared else { return nil }
    guard let rate, rate != falseAlarmRate else {
      return category.flatMap { categories[$0] } ?? shared
    }
    return scores.threshold(category: category, rate: rate, extrapolate: extrapolates) ?? shared
  }

  /// The threshold of the anomaly map, as ``threshold(category:rate:)``; `nil` when the calibration
  /// saw no maps.
  ///
  /// - Throws: ``CalibrationError`` for an unknown category or a bad rate.
  public func pixelThreshold(category: String? = nil, rate: Double? = nil) throws -> Threshold? {
    if let rate { try Self.check(rate: rate) }
    try check(category)
    guard let rate, rate != pixelFalseAlarmRate else {
      return category.flatMap { pixelCategories[$0] } ?? pixel
    }
    return maxima.threshold(category: category, rate: rate, extrapolate: extrapolates)
  }

  /// The category whose mean trunk feature is nearest to `feature`, `[channels]`; `nil` when the
  /// model has no features, or for a feature of another length.
  public func nearestCategory(feature: [Float]) -> String? { features?.nearest(feature) }

  /// What the calibration says of one picture.
  ///
  /// - Parameters:
  ///   - rate: another false-alarm rate than the calibration's.
  ///   - suspicion: how anomalous the picture is to a perception besides; nil of models without one.
  ///   - regions: the anomalous regions, already found.
  /// - Returns: a verdict whose threshold, p-value and decision are `nil` when uncalibrated.
  /// - Throws: ``CalibrationError`` for a score that is NaN or infinite, for an unknown category, for
  ///   a bad rate.
  public func verdict(
    path: String, score: Float, category: String? = nil, rate: Double? = nil,
    suspicion: Float? = nil, regions: [Region] = []
  ) throws -> Verdict {
    guard score.isFinite else {
      throw CalibrationError.notFinite(what: "the score of \(path)", value: "\(score)")
    }
    guard status != .uncalibrated else {
      try check(category)
      return Verdict(path: path, score: score, category: category, regions: regions)
    }
    let threshold = try threshold(category: category, rate: rate)
    return Verdict(
      path: path, score: score, pValue: pValue(score: score, category: category),
      threshold: threshold.value,
      level: scores.levelScale(threshold: threshold.value, category: category).level(of: score),
      falseAlarmRate: threshold.rate, category: category, anomalous: score > threshold.value,
      regions: regions,
      uncertainty: suspicion.flatMap {
        uncertainty(suspicion: $0, isAnomalous: score > threshold.value, category: category)
      })
  }

  /// What the calibration says of one picture whose category it recognises: by that category's
  /// threshold, by the strictest where it could be of several, and that it is of none.
  ///
  /// - Parameters:
  ///   - feature: the picture's mean trunk feature, `[channels]`.
  ///   - unknownRate: another rate than the calibration's.
  /// - Throws: as ``verdict(path:score:category:rate:suspicion:regions:)``.
  public func verdict(
    path: String, score: Float, feature: [Float], rate: Double? = nil, suspicion: Float? = nil,
    unknownRate: Double? = nil
  ) throws -> Verdict {
    guard let rule = try decisionRule(rate: rate, unknownRate: unknownRate) else {
      let category = recognition(of: feature, rate: unknownRate)?.category
      return try verdict(path: path, score: score, category: category, suspicion: suspicion)
    }
    let decision = rule.decision(score: score, feature: feature)
    var verdict = try verdict(
      path: path, score: score, category: decision.category, rate: rate, suspicion: suspicion)
    verdict.alike = decision.alike.isEmpty ? nil : decision.alike
    verdict.unknown = decision.unknown
    if decision.unknown == true { verdict.anomalous = true }
    return verdict
  }

  /// The rule by which pictures whose category is recognised are judged; nil when uncalibrated.
  ///
  /// - Parameters:
  ///   - rate: another false-alarm rate than the calibration's.
  ///   - unknownRate: another share of normal pictures that may be taken for none of the categories.
  /// - Throws: ``CalibrationError/rate(_:)``.
  public func decisionRule(rate: Double? = nil, unknownRate: Double? = nil) throws
    -> DecisionRule?
  {
    for rate in [rate, unknownRate] { if let rate { try Self.check(rate: rate) } }
    let isOwn =
      [nil, falseAlarmRate].contains(rate) && [nil, self.unknownRate].contains(unknownRate)
    return isOwn ? ownRule : madeRule(rate: rate, unknownRate: unknownRate)
  }

  func madeRule(rate: Double? = nil, unknownRate: Double? = nil) -> DecisionRule? {
    guard status != .uncalibrated, let shared = threshold(of: nil, rate: rate) else { return nil }
    let names = features?.means.keys.sorted() ?? []
    let unknownRate = unknownRate ?? self.unknownRate
    func byCategory<Found>(_ find: (String) -> Found?) -> [String: Found] {
      Dictionary(uniqueKeysWithValues: names.compactMap { name in find(name).map { (name, $0) } })
    }
    return DecisionRule(
      features: names.isEmpty ? nil : features,
      distanceLimits: byCategory { distanceLimit(of: $0, share: unknownRate / 2) },
      least: byCategory { scores.least(category: $0, rate: (unknownRate / 2).squareRoot()) },
      leastDistances: byCategory { distanceLimit(of: $0, share: (unknownRate / 2).squareRoot()) },
      scales: byCategory { name in
        threshold(of: name, rate: rate).map {
          scores.levelScale(threshold: $0.value, category: name)
        }
      },
      shared: scores.levelScale(threshold: shared.value, category: nil))
  }

  /// Whether it can be said that a picture is of none of the categories: of some, their normal pictures'
  /// distances are known, and they are enough for the rate.
  /// - Parameter rate: another than the calibration's.
  public func tellsUnknown(rate: Double? = nil) -> Bool {
    normalDistances.keys.contains {
      distanceLimit(of: $0, share: (rate ?? unknownRate) / 2) != nil
    }
  }

  /// So many pictures have to say how far features stray. Of thirty, by which the means were set as well, the
  /// limit lay so near that one in eight new good pictures was beyond it.
  static let picturesToTellUnknown = 100

  /// The distance from a category's mean beyond which about `share` of its normal pictures lie; nil
  /// where nobody knows how far these lie, or too few are known: the farthest of five is no limit.
  private func distanceLimit(of category: String, share: Double) -> Float? {
    guard normalDistances[category] != nil,
      let found = distances.threshold(category: category, rate: share, extrapolate: true),
      found.pictures >= Self.picturesToTellUnknown, found.rate <= share * (1 + 1e-9)
    else { return nil }
    return found.value
  }

  /// Whether pictures are told apart by their features.
  public var recognizes: Bool { features.map { !$0.means.isEmpty } ?? false }

  /// The category that a picture is of; nil when the model keeps no features, or for one of another length.
  /// - Parameters:
  ///   - feature: its mean trunk feature, `[channels]`.
  ///   - rate: another than ``unknownRate``.
  public func recognition(of feature: [Float], rate: Double? = nil) -> Recognition? {
    let rate = rate ?? unknownRate
    let limits =
      rate == unknownRate && ownRule != nil
      ? ownRule?.distanceLimits ?? [:]
      : Dictionary(
        uniqueKeysWithValues: normalDistances.keys.compactMap { name in
          distanceLimit(of: name, share: rate / 2).map { (name, $0) }
        })
    return features?.recognition(of: feature, limits: limits)
  }

  private func check(_ category: String?) throws {
    guard let category, !knownCategories.contains(category) else { return }
    throw CalibrationError.unknownCategory(category, known: knownCategories)
  }
}

/// What a picture is taken for.
public struct Recognition: Sendable, Equatable {
  /// The category whose mean feature is nearest.
  public var category: String
  /// How far it lies from that (``CategoryFeatures/distances(of:)``).
  public var distance: Float
  /// Others that the picture lies as near to as their own normal pictures do, nearest first.
  public var alike: [String]
  /// Whether it lies farther from the nearest than normal pictures do; nil where nobody knows how far
  /// these lie.
  public var isUnknown: Bool?

  public init(
    category: String, distance: Float, alike: [String] = [], isUnknown: Bool? = nil
  ) {
    (self.category, self.distance, self.alike, self.isUnknown) = (
      category, distance, alike, isUnknown
    )
  }
}
