import NormaCore

/// The size in a BMP's header, read here so that a picture beyond the limit never reaches the
/// decoder, which may reserve room for all its pixels before it reads the first.
enum BMPHeader {
  /// The size in `bytes`, or nil when the header is cut off or of an unknown kind.
  static func size(_ bytes: [UInt8]) -> PictureSize? {
    guard bytes.count >= 26 else { return nil }
    let headerLength = integer32(bytes, 14)
    if headerLength == 12 {
      return PictureSize(width: integer16(bytes, 18), height: integer16(bytes, 20))
    }
    guard headerLength >= 16 else { return nil }
    // A negative height says that rows run from top to bottom.
    return PictureSize(width: abs(integer32(bytes, 18)), height: abs(integer32(bytes, 22)))
  }

  private static func integer16(_ bytes: [UInt8], _ at: Int) -> Int {
    Int(bytes[at]) | Int(bytes[at + 1]) << 8
  }

  private static func integer32(_ bytes: [UInt8], _ at: Int) -> Int {
    let word = (0..<4).reduce(UInt32(0)) { $0 | UInt32(bytes[at + $1]) << (8 * UInt32($1)) }
    return Int(Int32(bitPattern: word))
  }
}
