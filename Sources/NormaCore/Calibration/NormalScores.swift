import Foundation

/// One number a held-out normal picture, by category, and the thresholds that follow from it. The
/// number is a picture's score, or the largest value of its anomaly map.
struct NormalScores: Sendable, Equatable {
  let byCategory: [String: [Float]]
  private let rate: Double
  private let pooled: ConformalReference
  private let own: [String: ConformalReference]
  private let scales: CategoryScales?
  private let measure: ScoreMeasure

  /// - Parameter rate: the false-alarm rate of the calibration, which decides, once for thresholds
  ///   and p-values of any rate, whether a category has pictures enough to stand alone.
  /// - Throws: ``CalibrationError/notFinite(what:value:)`` with `what` and the picture's number.
  init(_ byCategory: [String: [Float]], rate: Double, what: String) throws {
    for (category, scores) in byCategory.sorted(by: { $0.key < $1.key }) {
      if let index = scores.firstIndex(where: { !$0.isFinite }) {
        throw CalibrationError.notFinite(
          what: "the \(what) of normal picture \(index) of category '\(category)'",
          value: "\(scores[index])")
      }
    }
    self.byCategory = byCategory
    self.rate = rate
    own = byCategory.filter { !$0.value.isEmpty }.mapValues {
      ConformalReference($0.map(Double.init))
    }
    pooled = ConformalReference(own.values.flatMap(\.scores))
    scales = CategoryScales(byCategory)
    measure = ScoreMeasure(pooled.scores)
  }

  var isEmpty: Bool { pooled.count == 0 }

  /// As many of a category's own pictures have to lie above a threshold before it is set by them alone:
  /// the rate of fewer is too much a matter of chance, and the pool of all categories knows better.
  static let alarmsToStandAlone = 10

  /// Which normal scores stand for `category`.
  private func basis(_ category: String?) -> Threshold.Basis {
    guard let category, let scores = own[category] else { return .pooled }
    let alone =
      own.count == 1
      || ConformalReference.alarms(rate, scores.count) >= Self.alarmsToStandAlone
    return alone ? .category : scales == nil ? .pooled : .standardized
  }

  /// The threshold of a category, or of all for `nil` and for a category without scores; `nil` when
  /// there is no score at all.
  func threshold(category: String?, rate: Double, extrapolate: Bool) -> Threshold? {
    let (basis, reference, scale) = reference(category)
    let found =
      scale == nil
      ? reference.threshold(rate: rate, extrapolate: extrapolate)
      : reference.smoothThreshold(rate: rate, extrapolate: extrapolate)
    guard let found else { return nil }
    return Threshold(
      value: Float(scale?.score(found.value) ?? found.value), rate: found.rate,
      requestedRate: rate, extrapolated: found.extrapolated, pictures: reference.count,
      basis: basis)
  }

  /// The share of normal pictures that score as high, by the same scores as the threshold; 1 when
  /// there are none.
  func pValue(_ score: Float, category: String?) -> Double {
    let (_, reference, scale) = reference(category)
    guard let scale else { return reference.pValue(Double(score)) }
    return reference.smoothPValue(scale.standardized(Double(score)))
  }

  /// Where a category's scores have the level 1, at `threshold`, and 0: the mean of the scores that set the
  /// threshold, or of their logarithms where all are positive.
  func levelScale(threshold: Float, category: String?) -> LevelScale {
    let (_, reference, scale) = reference(category)
    return LevelScale(
      threshold: threshold, usual: scale?.location ?? measure.mean(reference.scores),
      measure: measure)
  }

  /// The score below which about this share of normal pictures lies; nil where these are too few to tell.
  func least(category: String?, rate: Double) -> Float? {
    let (_, reference, scale) = reference(category)
    let turned = ConformalReference(
      reference.scores.map { scale == nil ? -measure($0) : -$0 })
    guard turned.count >= TailExtrapolation.fewestScores,
      let found = turned.smoothThreshold(rate: rate, extrapolate: true)
    else { return nil }
    return Float(scale?.score(-found.value) ?? measure.score(-found.value))
  }

  private func reference(
    _ category: String?
  ) -> (Threshold.Basis, ConformalReference, CategoryScales.Scale?) {
    let basis = basis(category)
    switch (basis, category) {
    case (.category, let category?):
      return (basis, own[category] ?? pooled, nil)
    case (.standardized, let category?):
      guard let scales, let scale = scales.scales[category] else { return (.pooled, pooled, nil) }
      return (basis, scales.standardized, scale)
    default:
      return (.pooled, pooled, nil)
    }
  }

  /// The thresholds of all categories that have scores.
  func thresholds(rate: Double, extrapolate: Bool) -> [String: Threshold] {
    Dictionary(
      uniqueKeysWithValues: own.keys.compactMap { name in
        threshold(category: name, rate: rate, extrapolate: extrapolate).map { (name, $0) }
      })
  }
}

/// A score above which something is anomalous, and what that promises.
public struct Threshold: Codable, Sendable, Equatable {
  /// Which normal scores the threshold was set by.
  public enum Basis: String, Codable, Sendable {
    /// The normal pictures of all categories together, as they score.
    case pooled
    /// The category's own normal pictures alone.
    case category
    /// The normal pictures of all categories, each seen relative to its own category: where the
    /// category's own pictures are too few (``CategoryScales``). The rate holds over all categories
    /// together, and about: the far end of so few scores is smoothed (``TailExtrapolation``).
    case standardized
    /// As `standardized`, by the rule of Norma 0.1; stands in models that it calibrated.
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

  /// How many normal pictures the rate that was asked for takes at least: 1/r − 1.
  public var picturesForRequest: Int { Self.pictures(for: requestedRate) }

  /// How many normal pictures a false-alarm rate takes at least: 1/r − 1.
  public static func pictures(for rate: Double) -> Int {
    Int(min(1e15, (1 / rate - 1 - 1e-9).rounded(.up)))
  }

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

/// Scores of normal pictures that the network was not trained on, against which new scores are
/// ranked.
///
/// Source: V. Vovk, A. Gammerman, G. Shafer, "Algorithmic Learning in a Random World" (2005); for
/// outliers, S. Bates et al., "Testing for outliers with conformal p-values", Annals of Statistics 51
/// (2023), eq. 2. The one assumption is that new normal pictures are exchangeable with these.
struct ConformalReference: Sendable, Equatable {
  /// Ascending.
  let scores: [Double]

  init(_ scores: some Sequence<Double>) { self.scores = scores.sorted() }

  var count: Int { scores.count }

  /// (1 + #{normal ≥ score}) / (n + 1): a normal picture's value is at most p with probability at
  /// most p.
  func pValue(_ score: Double) -> Double {
    Double(1 + count - firstIndex(atLeast: score)) / Double(count + 1)
  }

  /// The threshold for the false-alarm rate r, or `nil` when there is no score.
  ///
  /// With k = ⌈(1 − r)(n + 1)⌉ it is the k-th smallest score, and a new normal score is above it with
  /// probability at most 1 − k / (n + 1). Where k > n (r < 1 / (n + 1)) it is the largest score, at
  /// the rate 1 / (n + 1), unless the tail is to be extrapolated (``TailExtrapolation``).
  func threshold(
    rate: Double, extrapolate: Bool
  ) -> (value: Double, rate: Double, extrapolated: Bool)? {
    guard let largest = scores.last else { return nil }
    let alarms = Self.alarms(rate, count)
    if alarms >= 1 {
      // At a rate near 1 every score may alarm: the smallest is the lowest threshold there is.
      let rank = max(1, count + 1 - alarms)
      return (scores[rank - 1], Double(count + 1 - rank) / Double(count + 1), false)
    }
    if extrapolate, let value = TailExtrapolation.threshold(scores, rate: rate) {
      return (value, rate, true)
    }
    return (largest, 1 / Double(count + 1), false)
  }

  /// ⌊r (n + 1)⌋ = n + 1 − k: how many of the n + 1 ranks may alarm. The nudge keeps rates such as
  /// 0.29 · 100, which comes out below 29, from losing one.
  static func alarms(_ rate: Double, _ pictures: Int) -> Int {
    Int((rate * Double(pictures + 1) * (1 + 1e-12)).rounded(.down))
  }

  /// As ``threshold(rate:extrapolate:)``, but for rates that only the tail's scores decide, where the few
  /// highest ones are chance: there the fitted tail stands in, at no rate below 1 / (n + 1) unless it is to
  /// be extrapolated. The rate is then an expectation, not a bound.
  func smoothThreshold(
    rate: Double, extrapolate: Bool
  ) -> (value: Double, rate: Double, extrapolated: Bool)? {
    let supported = max(rate, 1 / Double(count + 1))
    guard let largest = scores.last, let tail = TailExtrapolation(scores), supported < tail.share
    else {
      return threshold(rate: rate, extrapolate: extrapolate)
    }
    let isBeyond = supported > rate * (1 + 1e-12)
    // Of fewer pictures than the rate takes none lies above: that is nearer to what was asked for.
    if isBeyond, !extrapolate { return (max(largest, tail.value(at: supported)), supported, false) }
    return (tail.value(at: rate), rate, isBeyond)
  }

  /// The p-value that agrees with ``smoothThreshold(rate:extrapolate:)``; at least 1 / (n + 1).
  func smoothPValue(_ score: Double) -> Double {
    guard let tail = TailExtrapolation(scores), score > tail.base else { return pValue(score) }
    return max(1 / Double(count + 1), tail.rate(at: score))
  }

  private func firstIndex(atLeast score: Double) -> Int {
    var (low, high) = (0, count)
    while low < high {
      let middle = (low + high) / 2
      if scores[middle] < score { low = middle + 1 } else { high = middle }
    }
    return low
  }
}

/// The far end of normal scores, as a law of few numbers.
///
/// Above a high score u the excesses of most distributions follow a generalized Pareto law
/// (J. Pickands, "Statistical inference using extreme order statistics", Annals of Statistics 3,
/// 1975). A few dozen pictures cannot tell its shape, so the shape is taken as 0, the exponential
/// tail of L. Breiman, C. Stone and C. Kooperberg, "Robust confidence bounds for extreme upper
/// quantiles", J. Stat. Comput. Simul. 37 (1990). Scores with a heavier tail alarm more often than
/// stated. Below the lowest rate that the pictures support it is a guess, and what comes from there is
/// labelled as extrapolated.
struct TailExtrapolation {
  /// Fewer scores than this have no tail to speak of.
  static let fewestScores = 20

  /// u, the score below the m = ⌈n / 5⌉ largest.
  let base: Double
  /// β, the mean excess of these over u.
  let meanExcess: Double
  /// (m + 1) / (n + 1), the share of new scores expected above u.
  let share: Double

  /// - Parameter scores: ascending.
  /// - Returns: nil when the scores are too few or do not spread.
  init?(_ scores: [Double]) {
    let count = scores.count
    guard count >= Self.fewestScores else { return nil }
    let tail = (count + 4) / 5
    let base = scores[count - tail - 1]
    meanExcess = scores.suffix(tail).reduce(0) { $0 + ($1 - base) } / Double(tail)
    guard meanExcess > 0 else { return nil }
    self.base = base
    share = Double(tail + 1) / Double(count + 1)
  }

  /// u + β · ln(share / rate).
  func value(at rate: Double) -> Double { base + meanExcess * log(share / rate) }

  /// The share of new scores expected above `value`, which is above u.
  func rate(at value: Double) -> Double { share * exp(-(value - base) / meanExcess) }

  /// - Parameters:
  ///   - scores: ascending.
  ///   - rate: below 1 / (n + 1).
  /// - Returns: at least the largest score; `nil` when the scores are too few or do not spread.
  static func threshold(_ scores: [Double], rate: Double) -> Double? {
    guard let largest = scores.last, let tail = TailExtrapolation(scores) else { return nil }
    return max(largest, tail.value(at: rate))
  }
}
