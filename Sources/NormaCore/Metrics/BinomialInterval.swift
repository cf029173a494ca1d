import Foundation

/// What a count says of the share behind it: so many of so many, and between which shares that may come to pass.
///
/// The interval is exact, whatever the share and however few there are: its ends are the shares at which a
/// count as high, or as low, would still have the probability (1 − confidence) / 2. Source: C. Clopper and
/// E. Pearson, "The use of confidence or fiducial limits illustrated in the case of the binomial", Biometrika
/// 26 (1934).
public struct BinomialInterval: Codable, Sendable, Equatable {
  public let count: Int
  public let total: Int
  /// Ends of the interval, shares in 0…1; 0 and 1 where the total is 0, which says nothing.
  public let low: Double
  public let high: Double

  /// - Parameters:
  ///   - count: in 0…total.
  ///   - confidence: of the two-sided interval, in (0, 1).
  /// - Throws: ``MetricError`` for numbers that are none.
  public init(_ count: Int, of total: Int, confidence: Double = 0.95) throws {
    guard total >= 0, (0...total).contains(count), confidence > 0, confidence < 1 else {
      throw MetricError.invalid(
        what: "a count with its interval",
        found: "\(count) of \(total) at a confidence of \(confidence)",
        expected: "a count of 0 to the total, and a confidence between 0 and 1")
    }
    (self.count, self.total) = (count, total)
    let tail = (1 - confidence) / 2
    low =
      count == 0
      ? 0
      : Self.share(from: 0, to: Double(count) / Double(total)) {
        Self.tail(from: count, total, at: $0) < tail
      }
    high =
      count == total
      ? 1
      : Self.share(from: Double(count) / Double(total), to: 1) {
        Self.tail(from: total - count, total, at: 1 - $0) > tail
      }
  }

  /// The share that was counted; nil without any.
  public var share: Double? { total > 0 ? Double(count) / Double(total) : nil }

  /// Where `isBelow` turns false, found by halving.
  private static func share(
    from low: Double, to high: Double, isBelow: (Double) -> Bool
  ) -> Double {
    var (low, high) = (low, high)
    // Twice as often as a double has bits to settle a share of any size.
    for _ in 0..<100 where low < high {
      let middle = (low + high) / 2
      if isBelow(middle) { low = middle } else { high = middle }
    }
    return (low + high) / 2
  }

  /// P(X ≥ count) of X ~ Bin(total, share), where `share` is at most count / total: the terms then fall, each by
  /// its ratio to the one before it.
  private static func tail(from count: Int, _ total: Int, at share: Double) -> Double {
    guard share > 0 else { return count == 0 ? 1 : 0 }
    guard share < 1 else { return 1 }
    var logarithm = Double(count) * log(share) + Double(total - count) * log1p(-share)
    let fewer = min(count, total - count)
    for step in 0..<fewer {
      logarithm += log(Double(total - step)) - log(Double(step + 1))
    }
    var term = exp(logarithm)
    var sum = term
    let odds = share / (1 - share)
    for place in count..<total {
      term *= Double(total - place) / Double(place + 1) * odds
      sum += term
      if term <= 1e-17 * sum { break }
    }
    return sum
  }
}
