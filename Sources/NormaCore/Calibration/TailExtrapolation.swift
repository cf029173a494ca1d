import Foundation

/// A guess at scores rarer than any that was seen.
///
/// Above a high score u the excesses of most distributions follow a generalized Pareto law
/// (J. Pickands, "Statistical inference using extreme order statistics", Annals of Statistics 3,
/// 1975). A few dozen pictures cannot tell its shape, so the shape is taken as 0, the exponential
/// tail of L. Breiman, C. Stone and C. Kooperberg, "Robust confidence bounds for extreme upper
/// quantiles", J. Stat. Comput. Simul. 37 (1990). Scores with a heavier tail alarm more often than
/// stated: what comes from here is labelled as extrapolated.
enum TailExtrapolation {
  /// Fewer scores than this have no tail to speak of.
  static let fewestScores = 20

  /// u + β · ln((m + 1) / ((n + 1) r)), where u is the score below the m = ⌈n / 5⌉ largest, β their
  /// mean excess over u, and (m + 1) / (n + 1) the share of new scores expected above u.
  ///
  /// - Parameters:
  ///   - scores: ascending.
  ///   - rate: below 1 / (n + 1).
  /// - Returns: at least the largest score; `nil` when the scores are too few or do not spread.
  static func threshold(_ scores: [Double], rate: Double) -> Double? {
    let count = scores.count
    guard count >= fewestScores, let largest = scores.last else { return nil }
    let tail = (count + 4) / 5
    let base = scores[count - tail - 1]
    let meanExcess = scores.suffix(tail).reduce(0) { $0 + ($1 - base) } / Double(tail)
    guard meanExcess > 0 else { return nil }
    let share = Double(tail + 1) / Double(count + 1)
    return max(largest, base + meanExcess * log(share / rate))
  }
}
