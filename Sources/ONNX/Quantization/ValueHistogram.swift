/// How often which values occur in a tensor, gathered picture by picture. It begins with the first
/// values' range and doubles whenever a value lies outside, so the values are seen once and never kept.
public struct ValueHistogram: Sendable {
  /// Enough that at least sixteen lie in each of 256 steps over either half, right after a doubling.
  static let bins = 1 << 14

  /// The smallest and the largest value; nil while there are none.
  public private(set) var extremes: ClosedRange<Float>?
  public private(set) var count = 0
  /// Of `bins` equal parts of −limit…limit.
  private(set) var counts = [Int](repeating: 0, count: ValueHistogram.bins)
  private(set) var limit: Float = 0

  public init() {}

  /// - Throws: `GraphError` when a value is not a finite number, or nearly none.
  public mutating func add(_ values: UnsafeBufferPointer<Float>) throws {
    guard var low = values.first, var high = values.first else { return }
    for value in values {
      low = min(low, value)
      high = max(high, value)
      // A NaN compares as neither smaller nor larger, so it has to be looked for; limits are sums and
      // doubles of values, and have to stay finite too.
      guard abs(value) < .greatestFiniteMagnitude / 4 else { throw GraphError.notFinite(value) }
    }
    extremes = min(low, extremes?.lowerBound ?? low)...max(high, extremes?.upperBound ?? high)
    count += values.count
    widen(to: max(abs(low), abs(high)))
    let scale = Float(Self.bins / 2) / limit
    counts.withUnsafeMutableBufferPointer { counts in
      for value in values {
        counts[min(Self.bins - 1, max(0, Int((value + limit) * scale)))] += 1
      }
    }
  }

  private mutating func widen(to largest: Float) {
    if limit == 0 { limit = max(largest, .leastNormalMagnitude * 1e6) }
    while limit < largest {
      var merged = [Int](repeating: 0, count: Self.bins)
      for bin in counts.indices { merged[Self.bins / 4 + bin / 2] += counts[bin] }
      counts = merged
      limit *= 2
    }
  }

  /// The middles of the bins that hold values, with how many.
  var occupied: [(value: Float, count: Int)] {
    let width = 2 * limit / Float(Self.bins)
    return counts.indices.filter { counts[$0] > 0 }.map {
      ((Float($0) + 0.5) * width - limit, counts[$0])
    }
  }
}
