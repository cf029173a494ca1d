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
