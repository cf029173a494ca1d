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
