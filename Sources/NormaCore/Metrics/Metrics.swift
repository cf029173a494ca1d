/// Ranking metrics of image scores: exact, equal to a full sort, ties included.
///
/// Every function takes one score a picture, higher meaning more anomalous, and one label a picture,
/// `true` meaning anomalous. Each gives `nil` when one of the two classes is missing, for then there
/// is nothing to rank, and throws ``MetricError`` when a score is NaN or the lengths differ.
public enum Metrics {
  /// Area under the ROC curve: the probability that an anomalous picture scores above a normal one,
  /// ties counting half (Hanley & McNeil, 1982). Below 0.5 it is reported as it is.
  public static func auroc(scores: [Float], labels: [Bool]) throws -> Double? {
    try sweep(scores: scores, labels: labels).auroc
  }

  /// Average precision Σ (Rₙ − Rₙ₋₁) Pₙ over the distinct scores, without interpolation: the
  /// definition of scikit-learn's `average_precision_score`.
  public static func averagePrecision(scores: [Float], labels: [Bool]) throws -> Double? {
    try sweep(scores: scores, labels: labels).averagePrecision
  }

  /// The largest F1 = 2TP / (2TP + FP + FN) over all thresholds.
  public static func f1Max(scores: [Float], labels: [Bool]) throws -> Double? {
    try sweep(scores: scores, labels: labels).f1Max
  }

  /// All image metrics from one sort.
  public static func image(scores: [Float], labels: [Bool]) throws -> ImageResult {
    let sweep = try sweep(scores: scores, labels: labels)
    return ImageResult(
      auroc: sweep.auroc, averagePrecision: sweep.averagePrecision, f1Max: sweep.f1Max)
  }

  static func sweep(scores: [Float], labels: [Bool]) throws -> ThresholdSweep {
    guard scores.count == labels.count else {
      throw MetricError.lengths(what: "labels", found: labels.count, expected: scores.count)
    }
    try ScoreKey.refuseNaN(scores, what: "score")
    // The label rides in the lowest bit, below the score's key.
    let ranked = zip(scores, labels)
      .map { UInt64(ScoreKey.key($0)) << 1 | ($1 ? 1 : 0) }
      .sorted(by: >)
    let positives = labels.count { $0 }
    var sweep = ThresholdSweep(negatives: labels.count - positives, positives: positives)
    var next = 0
    while next < ranked.count {
      let key = ranked[next] >> 1
      var group = (negatives: 0, positives: 0)
      while next < ranked.count, ranked[next] >> 1 == key {
        if ranked[next] & 1 == 1 { group.positives += 1 } else { group.negatives += 1 }
        next += 1
      }
      sweep.add(negatives: group.negatives, positives: group.positives)
    }
    return sweep
  }
}

/// What ``Metrics/image(scores:labels:)`` finds; fractions between 0 and 1.
public struct ImageResult: Sendable, Equatable {
  /// Area under the ROC curve.
  public var auroc: Double?
  /// Average precision.
  public var averagePrecision: Double?
  /// Largest F1 over all thresholds.
  public var f1Max: Double?

  public init(auroc: Double?, averagePrecision: Double?, f1Max: Double?) {
    self.auroc = auroc
    self.averagePrecision = averagePrecision
    self.f1Max = f1Max
  }
}

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
  /// What an inspection says that is told nothing, unknown pictures being anomalous; nil when the model has no
  /// thresholds.
  public var flagged: Bool?
  /// Of that verdict, ``Verdict/level``: 1 is the threshold; nil when the model has none, or of results that
  /// did not keep it.
  public var level: Double?
  /// Whether it was like no category; nil when the model cannot tell.
  public var unknown: Bool?

  public init(
    path: String, category: String, isAnomalous: Bool, score: Float, uncertainty: Float? = nil,
    flagged: Bool? = nil, level: Double? = nil, unknown: Bool? = nil
  ) {
    self.path = path
    self.category = category
    self.isAnomalous = isAnomalous
    self.score = score
    self.uncertainty = uncertainty
    self.flagged = flagged
    (self.level, self.unknown) = (level, unknown)
  }
}

/// Every threshold that separates two different scores, passed once from the highest score to the
/// lowest; all of Norma's ranking metrics are integrals or maxima along the way.
///
/// Scores that are equal are added as one group, for no threshold can part them. The results are
/// those of a full sort, because a group's members enter only through their counts.
struct ThresholdSweep: Sendable {
  private let negatives: Int
  private let positives: Int
  private let regions: Int
  private let falsePositiveLimit: Double

  private var falsePositives = 0
  private var truePositives = 0
  private var coverage = CompensatedSum()
  private var concordance = CompensatedSum()
  private var precision = CompensatedSum()
  private var overlap = CompensatedSum()
  private var bestF1 = 0.0

  /// - Parameters:
  ///   - negatives: how many normal scores all groups together will hold.
  ///   - positives: how many anomalous scores.
  ///   - regions: how many anomalous regions the weights are shared among; 0 where there are none.
  ///   - falsePositiveLimit: the false-positive rate up to which region overlap is integrated.
  init(negatives: Int, positives: Int, regions: Int = 0, falsePositiveLimit: Double = 1) {
    self.negatives = negatives
    self.positives = positives
    self.regions = regions
    self.falsePositiveLimit = falsePositiveLimit
  }

  /// Adds the group of scores that are equal and lower than all before.
  ///
  /// - Parameter weight: the sum, over the group's anomalous pixels, of 1 / area of their region.
  mutating func add(negatives newNegatives: Int, positives newPositives: Int, weight: Double = 0) {
    let before = (rate: falsePositiveRate, coverage: meanCoverage)
    let below = negatives - falsePositives - newNegatives
    concordance.add(Double(newPositives) * (Double(below) + Double(newNegatives) / 2))
    falsePositives += newNegatives
    truePositives += newPositives
    coverage.add(weight)
    if newPositives > 0 {
      let flagged = Double(truePositives + falsePositives)
      precision.add(Double(newPositives) * Double(truePositives) / flagged)
      bestF1 = max(bestF1, 2 * Double(truePositives) / (flagged + Double(positives)))
    }
    integrateOverlap(from: before)
  }

  /// The trapezium between the previous threshold and this one, cut at the limit.
  private mutating func integrateOverlap(from before: (rate: Double, coverage: Double)) {
    guard regions > 0, negatives > 0, before.rate < falsePositiveLimit else { return }
    var (rate, mean) = (falsePositiveRate, meanCoverage)
    if rate > falsePositiveLimit {
      let share = (falsePositiveLimit - before.rate) / (rate - before.rate)
      mean = before.coverage + share * (mean - before.coverage)
      rate = falsePositiveLimit
    }
    overlap.add((rate - before.rate) * (mean + before.coverage) / 2)
  }

  private var hasBothClasses: Bool { negatives > 0 && positives > 0 }
  private var falsePositiveRate: Double {
    negatives > 0 ? Double(falsePositives) / Double(negatives) : 0
  }
  private var meanCoverage: Double { regions > 0 ? coverage.value / Double(regions) : 0 }

  /// Area under the ROC curve: the probability that an anomalous score is above a normal one, ties
  /// counting half. `nil` when one class is missing, as are all the others.
  var auroc: Double? {
    hasBothClasses ? concordance.value / Double(positives) / Double(negatives) : nil
  }

  /// Σ (Rₙ − Rₙ₋₁) Pₙ over the distinct scores, as scikit-learn's `average_precision_score`.
  var averagePrecision: Double? {
    hasBothClasses ? precision.value / Double(positives) : nil
  }

  /// The largest F1 = 2TP / (2TP + FP + FN) that any threshold gives.
  var f1Max: Double? { hasBothClasses ? bestF1 : nil }

  /// Area under the per-region-overlap curve up to the limit, divided by the limit.
  var aupro: Double? {
    regions > 0 && negatives > 0 ? overlap.value / falsePositiveLimit : nil
  }
}

/// An unsigned integer that orders as the score it stands for, so that scores can be sorted, counted
/// and stored by their bits.
enum ScoreKey {
  /// The key of `score`, which must not be NaN. −0 and +0, equal as numbers, share one key.
  @inline(__always)
  static func key(_ score: Float) -> UInt32 {
    let bits = (score + 0).bitPattern
    let flip = UInt32(bitPattern: Int32(bitPattern: bits) >> 31) | 0x8000_0000
    return bits ^ flip
  }

  /// Throws ``MetricError/notANumber(what:index:)`` for the first NaN among `scores`.
  static func refuseNaN(_ scores: [Float], what: String) throws {
    // A branchless first pass: almost always there is none, and this one the compiler vectorises.
    var found = false
    scores.withUnsafeBufferPointer { for score in $0 { found = found || score != score } }
    guard found, let index = scores.firstIndex(where: \.isNaN) else { return }
    throw MetricError.notANumber(what: what, index: index)
  }
}

/// A sum whose rounding error does not grow with the number of terms.
///
/// Source: A. Neumaier, "Rundungsfehleranalyse einiger Verfahren zur Summation endlicher Summen",
/// ZAMM 54 (1974).
struct CompensatedSum: Sendable {
  private var sum = 0.0
  private var lost = 0.0

  var value: Double { sum + lost }

  mutating func add(_ term: Double) {
    let next = sum + term
    lost += abs(sum) >= abs(term) ? (sum - next) + term : (term - next) + sum
    sum = next
  }
}

/// What keeps a metric from being computed.
public enum MetricError: Error, CustomStringConvertible, Sendable, Equatable {
  /// A score or a pixel of an anomaly map is not a number; `index` counts from 0.
  case notANumber(what: String, index: Int)
  /// Two lists that belong together have different lengths.
  case lengths(what: String, found: Int, expected: Int)
  /// A setting lies outside its range.
  case invalid(what: String, found: String, expected: String)
  /// The temporary file that holds spilled pixels could not be made, written or read.
  case temporaryFile(action: String, folder: String, reason: String)
  /// Pixels were added, or the result asked for, after the result had been taken.
  case finished

  public var description: String {
    switch self {
    case .notANumber(let what, let index):
      "\(what) \(index) is not a number (NaN), so it cannot be ranked; the model that made it is "
        + "damaged or its input was"
    case .lengths(let what, let found, let expected):
      "\(what): found \(found), expected \(expected)"
    case .invalid(let what, let found, let expected):
      "\(what) is \(found), expected \(expected)"
    case .temporaryFile(let action, let folder, let reason):
      "could not \(action) the temporary file for pixel metrics in \(folder): \(reason). Free some "
        + "space there (4 bytes for a normal pixel, 8 for an anomalous one) or let TMPDIR name a "
        + "folder that has it"
    case .finished:
      "the pixel metrics were already computed; start new ones to add more pictures"
    }
  }
}
