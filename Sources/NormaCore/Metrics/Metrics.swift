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
