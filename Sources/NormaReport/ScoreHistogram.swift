/// How often scores occur among normal and among anomalous pictures, in bins of equal width.
///
/// A bin's edge lies on the threshold, so every bin is wholly on one side of it and the bins beyond
/// hold exactly the false alarms and the misses.
package struct ScoreHistogram: Sendable {
  /// The lower edge of the first bin.
  package let lower: Double
  package let width: Double
  package let normal: [Int]
  package let anomalous: [Int]
  /// The first bin above the threshold; nil without a threshold.
  package let firstFlagged: Int?

  package var count: Int { normal.count }
  package var upper: Double { edge(count) }

  /// The lower edge of bin `index`.
  package func edge(_ index: Int) -> Double { lower + Double(index) * width }

  /// - Parameters:
  ///   - threshold: scores above it are flagged.
  ///   - others: further values that the bins have to reach.
  ///   - bins: about how many bins to use.
  /// - Returns: nil when either class has no finite score.
  package init?(
    normal: [Double], anomalous: [Double], threshold: Double?, reaching others: [Double] = [],
    bins: Int = 40
  ) {
    let normal = normal.filter(\.isFinite)
    let anomalous = anomalous.filter(\.isFinite)
    guard !normal.isEmpty, !anomalous.isEmpty else { return nil }
    let threshold = threshold.flatMap { $0.isFinite ? $0 : nil }
    let all = normal + anomalous + others.filter(\.isFinite) + (threshold.map { [$0] } ?? [])
    guard let least = all.min(), let greatest = all.max() else { return nil }
    let span = greatest - least
    let width = span > abs(greatest) * 1e-9 ? span / Double(bins) : max(abs(greatest), 1) / 100
    // Below the lowest score by a part of a bin, so that bins may leave out their lower edge.
    let anchor = threshold ?? least
    let below = ((anchor - least) / width).rounded(.down) + 1
    let lower = anchor - below * width
    let count = max(1, Int(((greatest - lower) / width - 1e-9).rounded(.up)))
    let flagged = threshold == nil ? nil : Int(below)

    func counts(_ scores: [Double]) -> [Int] {
      var counts = [Int](repeating: 0, count: max(count, (flagged ?? 0) + 1))
      for score in scores {
        var bin = Int(((score - lower) / width).rounded(.up)) - 1
        // Rounding must not carry a score over the threshold.
        if let threshold, let flagged {
          bin = score > threshold ? max(bin, flagged) : min(bin, flagged - 1)
        }
        counts[min(counts.count - 1, max(0, bin))] += 1
      }
      return counts
    }
    self.lower = lower
    self.width = width
    self.normal = counts(normal)
    self.anomalous = counts(anomalous)
    self.firstFlagged = flagged
  }
}
