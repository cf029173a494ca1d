/// A line around the regions of a mask.
public struct OutlineColour: Sendable, Equatable {
  public var red: UInt8
  public var green: UInt8
  public var blue: UInt8

  public init(red: UInt8, green: UInt8, blue: UInt8) {
    (self.red, self.green, self.blue) = (red, green, blue)
  }

  /// What Norma found.
  public static let found = OutlineColour(red: 0, green: 229, blue: 255)
  /// What people marked.
  public static let truth = OutlineColour(red: 124, green: 255, blue: 64)
}

extension Picture {
  /// The picture with a line around each region of `mask` (which may have another size), drawn
  /// outside it so that a small defect stays visible. `thickness` nil: a 300th of the longer side.
  public func outlined(
    _ mask: Mask, colour: OutlineColour, thickness: Int? = nil
  ) -> Picture {
    let mask = mask.resized(width: width, height: height)
    let reach = thickness ?? max(1, (max(width, height) + 150) / 300)
    let grown = mask.grown(by: reach)
    var result = self
    for pixel in grown.indices where grown[pixel] != 0 && mask.values[pixel] == 0 {
      result.rgb[3 * pixel] = colour.red
      result.rgb[3 * pixel + 1] = colour.green
      result.rgb[3 * pixel + 2] = colour.blue
    }
    return result
  }
}

extension Mask {
  /// 1 wherever a pixel at most `reach` away, in rows and in columns, is 1.
  func grown(by reach: Int) -> [UInt8] {
    var across = [UInt8](repeating: 0, count: values.count)
    for row in 0..<height {
      Self.grow(values, into: &across, from: row * width, step: 1, count: width, reach: reach)
    }
    var both = across
    for column in 0..<width {
      Self.grow(across, into: &both, from: column, step: width, count: height, reach: reach)
    }
    return both
  }

  private static func grow(
    _ values: [UInt8], into result: inout [UInt8], from start: Int, step: Int, count: Int,
    reach: Int
  ) {
    var inside = 0
    for leading in 0..<(count + reach) {
      if leading < count { inside += Int(values[start + leading * step]) }
      let leaving = leading - 2 * reach - 1
      if leaving >= 0 { inside -= Int(values[start + leaving * step]) }
      let centre = leading - reach
      if centre >= 0 { result[start + centre * step] = inside > 0 ? 1 : 0 }
    }
  }
}
