/// Which values of an anomaly map the ends of the colours stand for.
public struct HeatScale: Sendable, Equatable {
  public var low: Float
  public var high: Float

  public init(low: Float, high: Float) {
    (self.low, self.high) = (low, high)
  }

  /// The threshold in the middle of the colours: pictures of one model compare at a glance.
  public init(pixelThreshold: Float) {
    self.init(low: 0, high: 2 * pixelThreshold)
  }

  /// From the smallest to the largest value of `maps`; for models without a pixel threshold.
  public init(range maps: [AnomalyMap]) {
    let lows = maps.compactMap { $0.values.min() }
    let highs = maps.compactMap { $0.values.max() }
    self.init(low: lows.min() ?? 0, high: highs.max() ?? 1)
  }

  @inline(__always)
  func position(_ value: Float) -> Float {
    high > low ? (value - low) / (high - low) : 0
  }
}

extension Picture {
  /// The picture with the map's colours over it. What is inconspicuous stays as it is: the colours
  /// are transparent at the low end and cover at most `opacity` at the high one.
  public func overlaid(
    with map: AnomalyMap, scale: HeatScale, opacity: Float = 0.7
  ) -> Picture {
    var result = self
    let values = map.resized(width: width, height: height).values
    let colours = ColourMap.inferno
    for (pixel, value) in values.enumerated() {
      let position = scale.position(value)
      let share = opacity * Self.smoothStep((position - Self.transparentBelow) / 0.35)
      guard share > 0 else { continue }
      let colour = colours[ColourMap.step(position)]
      for channel in 0..<3 {
        let old = Float(rgb[3 * pixel + channel])
        let mixed = old + (Float(colour[channel]) - old) * share
        result.rgb[3 * pixel + channel] = UInt8(mixed.rounded())
      }
    }
    return result
  }

  /// Three fifths of the threshold: what normal pictures show everywhere.
  private static let transparentBelow: Float = 0.3

  private static func smoothStep(_ value: Float) -> Float {
    let t = min(max(value, 0), 1)
    return t * t * (3 - 2 * t)
  }
}
