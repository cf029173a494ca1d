import NormaCore

/// Decoded pixels: 8-bit RGB, interleaved, from top left to bottom right.
public struct Picture: Sendable, Equatable {
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
