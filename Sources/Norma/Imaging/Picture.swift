import NormaCore

/// Decoded pixels: 8-bit RGB, interleaved, from top left to bottom right.
public struct Picture: Sendable, Equatable {
  /// In pixels.
  public var width: Int
  public var height: Int
  /// `height · width · 3` bytes.
  public var rgb: [UInt8]
  /// How large the picture is in its file, before any resizing.
  public var original: PictureSize

  /// - Parameter original: nil for a picture that was not resized.
  /// - Precondition: `rgb` has `width · height · 3` elements; another number is a programmer's error
  ///   and stops the process. Files never get here unchecked: `PictureReader` throws.
  public init(width: Int, height: Int, rgb: [UInt8], original: PictureSize? = nil) {
    precondition(rgb.count == width * height * 3, "three bytes a pixel")
    (self.width, self.height, self.rgb) = (width, height, rgb)
    self.original = original ?? PictureSize(width: width, height: height)
  }
}

/// Which pixels are anomalous.
public struct Mask: Sendable, Equatable {
  /// In pixels.
  public var width: Int
  public var height: Int
  /// `height · width` values: 1 where the picture is anomalous, else 0.
  public var values: [UInt8]
  /// How large the mask is in its file.
  public var original: PictureSize

  /// - Parameter original: nil for a mask that was not resized.
  /// - Precondition: `values` has `width · height` elements; another number is a programmer's error
  ///   and stops the process.
  public init(width: Int, height: Int, values: [UInt8], original: PictureSize? = nil) {
    precondition(values.count == width * height, "one value a pixel")
    (self.width, self.height, self.values) = (width, height, values)
    self.original = original ?? PictureSize(width: width, height: height)
  }

  /// The mask at another size by nearest neighbour about pixel centres: pixel i shows what lies at
  /// ⌊(i + ½) · old / new⌋.
  public func resized(width newWidth: Int, height newHeight: Int) -> Mask {
    guard newWidth != width || newHeight != height else { return self }
    let columns = (0..<newWidth).map { (2 * $0 + 1) * width / (2 * newWidth) }
    var resized = [UInt8]()
    resized.reserveCapacity(newWidth * newHeight)
    for row in 0..<newHeight {
      let start = (2 * row + 1) * height / (2 * newHeight) * width
      for column in columns { resized.append(values[start + column]) }
    }
    return Mask(width: newWidth, height: newHeight, values: resized, original: original)
  }
}

extension Mask {
  /// The share of each cell of a grid over the mask that is marked, row by row, from 0 to 1. Where the
  /// cells do not come out even, a pixel belongs to the one that its upper left corner lies in; a grid
  /// finer than the mask has what `resized` gives it.
  func shares(columns: Int, rows: Int) -> [Double] {
    guard columns <= width, rows <= height else {
      return resized(width: columns, height: rows).values.map(Double.init)
    }
    var marked = [Int](repeating: 0, count: columns * rows)
    var pixels = marked
    for y in 0..<height {
      let start = y * rows / height * columns
      for x in 0..<width {
        let cell = start + x * columns / width
        pixels[cell] += 1
        marked[cell] += Int(values[y * width + x])
      }
    }
    return zip(marked, pixels).map { Double($0) / Double($1) }
  }
}

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
