import Foundation

/// How anomalous each place of a picture is: the network's map, over the whole picture.
public struct AnomalyMap: Sendable, Equatable {
  /// In pixels.
  public var width: Int
  public var height: Int
  /// `height · width` values, 0 or more; their scale is the model's own.
  public var values: [Float]

  /// - Precondition: `values` has `width · height` elements; another number is a programmer's error
  ///   and stops the process.
  public init(width: Int, height: Int, values: [Float]) {
    precondition(values.count == width * height, "one value a pixel")
    (self.width, self.height, self.values) = (width, height, values)
  }

  /// The map over as many pixels as a picture has: bilinear about pixel centres.
  public func resized(width newWidth: Int, height newHeight: Int) -> AnomalyMap {
    guard newWidth != width || newHeight != height else { return self }
    let columns = Self.neighbours(of: newWidth, among: width)
    var resized = [Float]()
    resized.reserveCapacity(newWidth * newHeight)
    values.withUnsafeBufferPointer { values in
      for row in Self.neighbours(of: newHeight, among: height) {
        let (top, bottom) = (row.first * width, row.second * width)
        for column in columns {
          let above = mix(values[top + column.first], values[top + column.second], column.share)
          let below = mix(
            values[bottom + column.first], values[bottom + column.second], column.share)
          resized.append(mix(above, below, row.share))
        }
      }
    }
    return AnomalyMap(width: newWidth, height: newHeight, values: resized)
  }

  /// Where the map, brought to `width × height`, exceeds `threshold`.
  public func mask(above threshold: Float, width: Int, height: Int) -> Mask {
    Mask(
      width: width, height: height,
      values: resized(width: width, height: height).values.map { $0 > threshold ? 1 : 0 })
  }

  private static func neighbours(
    of count: Int, among old: Int
  ) -> [(first: Int, second: Int, share: Float)] {
    (0..<count).map { index in
      let place = (Double(index) + 0.5) * Double(old) / Double(count) - 0.5
      let clamped = min(max(place, 0), Double(old - 1))
      let first = Int(clamped)
      return (first, min(first + 1, old - 1), Float(clamped - Double(first)))
    }
  }
}

@inline(__always)
private func mix(_ first: Float, _ second: Float, _ share: Float) -> Float {
  first + (second - first) * share
}

/// Which values of an anomaly map the ends of the colours stand for.
public struct HeatScale: Sendable, Equatable {
  /// The map's value at the transparent end.
  public var low: Float
  /// The map's value at the bright end.
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

/// Colours for numbers between 0 and 1: "inferno", which is perceptually uniform, reads the same in
/// grey and to colour-blind eyes, and runs from black over purple and orange to pale yellow.
public enum ColourMap {
  /// Red, green and blue at 256 steps from 0 to 1.
  public static let inferno: [[UInt8]] = (0..<256).map { colour(Double($0) / 255) }

  /// Red, green and blue of `value`, which is clamped to 0…1.
  public static func colour(of value: Float) -> [UInt8] { inferno[step(value)] }

  /// The table's entry for `value`, which is clamped to 0…1.
  @inline(__always)
  static func step(_ value: Float) -> Int {
    Int((min(max(value, 0), 1) * 255).rounded())
  }

  /// Matt Zucker's polynomial fit (degree 6, CC0) of the colour map by Nathaniel Smith and Stéfan
  /// van der Walt.
  private static func colour(_ t: Double) -> [UInt8] {
    (0..<3).map { channel in
      let value = coefficients.reversed().reduce(0) { $0 * t + $1[channel] }
      return UInt8((min(max(value, 0), 1) * 255).rounded())
    }
  }

  private static let coefficients: [[Double]] = [
    [0.0002189403691192265, 0.001651004631001012, -0.01948089843709184],
    [0.1065134194856116, 0.5639564367884091, 3.932712388889277],
    [11.60249308247187, -3.972853965665698, -15.9423941062914],
    [-41.70399613139459, 17.43639888205313, 44.35414519872813],
    [77.162935699427, -33.40235894210092, -81.80730925738993],
    [-71.31942824499214, 32.62606426397723, 73.20951985803202],
    [25.13112622477341, -12.24266895238567, -23.07032500287172],
  ]
}
