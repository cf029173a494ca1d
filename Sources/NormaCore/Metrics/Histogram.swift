/// How often normal and anomalous scores fall into equal bins of one range, for drawing.
public struct Histogram: Codable, Sendable, Equatable {
  /// The lowest and the highest score; both ends belong to the range.
  public var minimum: Float
  public var maximum: Float
  /// Counts a bin, lowest bin first; both have the same number of bins.
  public var normal: [Int]
  public var anomalous: [Int]

  /// Counts `scores`, one a picture, into `bins` equal bins from the lowest to the highest. Scores
  /// that are not finite are left out. Without a finite score all counts are zero.
  ///
  /// - Throws: ``MetricError`` when the lengths differ or `bins` is below 1.
  public init(scores: [Float], labels: [Bool], bins: Int = 40) throws {
    guard scores.count == labels.count else {
      throw MetricError.lengths(what: "labels", found: labels.count, expected: scores.count)
    }
    guard bins >= 1 else {
      throw MetricError.invalid(
        what: "the histogram's number of bins", found: "\(bins)", expected: "1 or more")
    }
    let finite = scores.filter(\.isFinite)
    minimum = finite.min() ?? 0
    maximum = finite.max() ?? 0
    normal = Array(repeating: 0, count: bins)
    anomalous = normal
    let (low, span) = (Double(minimum), Double(maximum) - Double(minimum))
    for (score, isAnomalous) in zip(scores, labels) where score.isFinite {
      let place = span > 0 ? (Double(score) - low) / span * Double(bins) : 0
      let bin = min(bins - 1, Int(place))
      if isAnomalous { anomalous[bin] += 1 } else { normal[bin] += 1 }
    }
  }
}
