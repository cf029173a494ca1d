/// What is learnt of an activation from normal pictures, and the quantisation that follows from it.
public struct ActivationStatistics: Sendable {
  // One of the two is there.
  private var histogram: ValueHistogram?
  private var extremes: ChannelExtremes?
  private var places = 0

  /// - Parameter isPerChannel: whether each channel has a scale of its own.
  init(isPerChannel: Bool) {
    if isPerChannel { extremes = ChannelExtremes() } else { histogram = ValueHistogram() }
  }

  /// - Parameter shape: a feature map `[batch, channels, height, width]`, or rows `[batch, …, width]`.
  /// - Throws: `GraphError` when a value is not a finite number.
  public mutating func add(_ values: UnsafeBufferPointer<Float>, shape: [Int]) throws {
    let channels = max(1, shape.count == 4 ? shape[1] : shape.last ?? 1)
    places = values.count / (channels * max(1, shape.first ?? 1))
    try histogram?.add(values)
    try extremes?.add(values, channels: channels, places: max(1, places))
  }

  /// nil for what was not seen, and for what is one place a picture (the gates of squeeze-excitation):
  /// there is so little to compute that turning it into integers costs more.
  public var quantization: ActivationQuantization? {
    guard places > 1 else { return nil }
    return extremes.flatMap(\.quantization)
      ?? histogram.map { .tensor($0.quantization(.leastSquares)) }
  }
}

/// The largest magnitude in each channel of a feature map, gathered picture by picture.
public struct ChannelExtremes: Sendable {
  /// Empty while nothing was seen.
  public private(set) var largest: [Float] = []
  /// Whether any value lies below 0.
  public private(set) var hasNegative = false

  public init() {}

  /// - Parameters:
  ///   - values: `[batch, channels, …]`.
  ///   - places: how many values a channel of one picture has.
  /// - Throws: `GraphError` when a value is not a finite number.
  public mutating func add(
    _ values: UnsafeBufferPointer<Float>, channels: Int, places: Int
  ) throws {
    if largest.isEmpty { largest = [Float](repeating: 0, count: channels) }
    for start in stride(from: 0, to: values.count, by: places) {
      var (low, high) = (Float(0), Float(0))
      for value in values[start..<min(values.count, start + places)] {
        guard value.isFinite else { throw GraphError.notFinite(value) }
        low = min(low, value)
        high = max(high, value)
      }
      let channel = start / places % channels
      largest[channel] = max(largest[channel], max(-low, high))
      hasNegative = hasNegative || low < 0
    }
  }

  /// Symmetric around 0, so that integer kernels need no correction for a zero point; nil while nothing
  /// was seen.
  public var quantization: ActivationQuantization? {
    guard !largest.isEmpty else { return nil }
    return .channels(
      largest.map {
        hasNegative ? AffineQuantization(symmetric: $0) : AffineQuantization(covering: 0...$0)
      })
  }
}

extension GraphError {
  static func notFinite(_ value: Float) -> GraphError {
    GraphError("a value is \(value); only finite numbers can be quantised")
  }
}

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

extension ValueHistogram {
  /// Which values 8-bit integers cover; what lies outside becomes the nearest end.
  public enum Cover: Sendable, Hashable {
    /// All that occur.
    case extremes
    /// As many as make the mean squared error smallest: a few rare values that would widen every
    /// step are cut off where that costs less than the wider steps.
    case leastSquares
  }

  /// The quantisation of these values: 256 steps from the smallest to the largest that is covered.
  public func quantization(_ cover: Cover) -> AffineQuantization {
    guard let extremes else { return AffineQuantization(covering: 0...0) }
    let (low, high) = (min(extremes.lowerBound, 0), max(extremes.upperBound, 0))
    let whole = AffineQuantization(covering: low...high)
    guard cover == .leastSquares else { return whole }
    let values = occupied
    var best = (quantization: whole, error: squaredError(whole, values))
    // One end after the other, then the first again: the best of one hardly depends on the other.
    var (chosenLow, chosenHigh) = (low, high)
    for end in [true, false, true] {
      for share in Self.shares {
        let range = end ? chosenLow...(high * share) : (low * share)...chosenHigh
        let candidate = AffineQuantization(covering: range)
        let error = squaredError(candidate, values)
        guard error < best.error else { continue }
        best = (candidate, error)
        if end { chosenHigh = high * share } else { chosenLow = low * share }
      }
    }
    return best.quantization
  }

  /// What of an end is tried.
  private static let shares = (10..<50).map { Float($0) / 50 }

  /// Σ (x − x̂)² over all values.
  private func squaredError(
    _ quantization: AffineQuantization, _ values: [(value: Float, count: Int)]
  ) -> Double {
    values.reduce(0) { sum, bin in
      let difference = Double(bin.value - quantization.rounded(bin.value))
      return sum + difference * difference * Double(bin.count)
    }
  }
}
