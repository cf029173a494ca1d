/// How anomalous each place of a picture is: the network's map, over the whole picture.
public struct AnomalyMap: Sendable, Equatable {
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
