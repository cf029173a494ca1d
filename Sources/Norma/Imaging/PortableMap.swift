import NormaCore

/// A portable bitmap, grey map or pixel map (Netpbm's PBM, PGM and PPM: `P1` to `P6`), read here: what
/// libvips has for it is not meant for files that nobody vouches for.
///
/// 8 bits a value are taken as they are, of 16 bits the upper eight, as of other formats; a scale that ends
/// elsewhere, such as 4095, is brought to 255.
struct PortableMap {
  let size: PictureSize
  /// 1: grey, 3: red, green and blue.
  let bands: Int
  /// The digit after the P.
  private let kind: Int
  /// The value that stands for white.
  private let largest: Int
  /// Where the pixels begin.
  private let start: Int

  /// A file that says something else than it holds.
  struct Damage: Error {
    var words: String
  }

  /// Reads the header; `bytes` may be the beginning of a file.
  init(_ bytes: [UInt8]) throws {
    guard bytes.count > 2, bytes[0] == UInt8(ascii: "P"), (0x31...0x36).contains(bytes[1]) else {
      throw Damage(words: "it does not begin with P1 to P6")
    }
    kind = Int(bytes[1]) - 0x30
    bands = kind == 3 || kind == 6 ? 3 : 1
    var text = Text(bytes, at: 2)
    size = try PictureSize(width: text.number("width"), height: text.number("height"))
    largest = try kind == 1 || kind == 4 ? 1 : text.number("largest value")
    guard size.width > 0, size.height > 0, (1...65535).contains(largest) else {
      throw Damage(words: "\(size) pixels up to the value \(largest)")
    }
    // One white byte ends the header of a file whose pixels are bytes.
    start = kind > 3 ? text.position + 1 : text.position
  }

  /// Interleaved, from top left to bottom right, 8 bits a value. The size is to be checked before.
  ///
  /// - Parameters:
  ///   - bytes: the whole file.
  ///   - marks: for a mask: 255 for whatever is above zero.
  /// - Throws: ``Damage``.
  func pixels(of bytes: [UInt8], marks: Bool = false) throws -> [UInt8] {
    try check(bytes)
    let count = size.width * size.height * bands
    var values: [UInt8] = []
    values.reserveCapacity(count)
    switch kind {
    case 1: try plainBits(bytes, count, into: &values)
    case 2, 3:
      var text = Text(bytes, at: start)
      for _ in 0..<count { values.append(try level(text.number("value"), marks)) }
    case 4:
      for row in 0..<size.height {
        for column in 0..<size.width {
          let byte = bytes[start + row * bytesOfALine + column / 8]
          values.append(byte >> UInt8(7 - column % 8) & 1 == 1 ? 0 : 255)
        }
      }
    default:
      for place in 0..<count {
        let at = start + place * bytesOfAValue
        let value =
          bytesOfAValue == 1 ? Int(bytes[at]) : Int(bytes[at]) << 8 | Int(bytes[at + 1])
        values.append(try level(value, marks))
      }
    }
    return values
  }

  /// Whether another picture follows this one in a whole file, as one of bytes may.
  func isFollowed(in bytes: [UInt8]) -> Bool {
    guard kind > 3, start + length < bytes.count else { return false }
    let rest = bytes[(start + length)...].drop { Text.isWhite($0) }
    return PictureFormat.sniff(Array(rest.prefix(PictureFormat.headLength))) == .pnm
  }

  private var bytesOfAValue: Int { largest > 255 ? 2 : 1 }
  private var bytesOfALine: Int {
    kind == 4 ? (size.width + 7) / 8 : size.width * bands * bytesOfAValue
  }
  /// Bytes of all pixels, where they are bytes.
  private var length: Int { bytesOfALine * size.height }

  private func check(_ bytes: [UInt8]) throws {
    // A value of plain text takes a byte at least.
    let needed = kind > 3 ? length : size.width * size.height * bands
    guard bytes.count - start >= needed else {
      throw Damage(words: "\(max(0, bytes.count - start)) bytes of pixels, \(needed) are needed")
    }
  }

  private func level(_ value: Int, _ marks: Bool) throws -> UInt8 {
    guard value <= largest else {
      throw Damage(words: "the value \(value), where \(largest) is the largest")
    }
    if marks { return value > 0 ? 255 : 0 }
    switch largest {
    case 255: return UInt8(value)
    case 65535: return UInt8(value >> 8)
    default: return UInt8((2 * 255 * value + largest) / (2 * largest))
    }
  }

  /// Black is 1, and nothing need stand between the digits.
  private func plainBits(_ bytes: [UInt8], _ count: Int, into values: inout [UInt8]) throws {
    var text = Text(bytes, at: start)
    for _ in 0..<count {
      switch text.character() {
      case UInt8(ascii: "0"): values.append(255)
      case UInt8(ascii: "1"): values.append(0)
      default: throw Damage(words: "\(values.count) of \(count) bits are there")
      }
    }
  }

  /// Numbers in text, with comments from `#` to the end of a line.
  private struct Text {
    private let bytes: [UInt8]
    private(set) var position: Int

    init(_ bytes: [UInt8], at position: Int) { (self.bytes, self.position) = (bytes, position) }

    static func isWhite(_ byte: UInt8) -> Bool {
      byte == 0x20 || (0x09...0x0D).contains(byte)
    }

    /// The next byte that is neither white nor of a comment; nil at the end.
    mutating func character() -> UInt8? {
      var isComment = false
      while position < bytes.count {
        let byte = bytes[position]
        position += 1
        if isComment {
          isComment = byte != 0x0A && byte != 0x0D
        } else if byte == UInt8(ascii: "#") {
          isComment = true
        } else if !Self.isWhite(byte) {
          return byte
        }
      }
      return nil
    }

    mutating func number(_ what: String) throws -> Int {
      var next = character()
      var value: Int?
      while let byte = next, (0x30...0x39).contains(byte) {
        value = (value ?? 0) * 10 + Int(byte) - 0x30
        guard let found = value, found < Self.limit else { break }
        next = position < bytes.count ? bytes[position] : nil
        guard let following = next, (0x30...0x39).contains(following) else { break }
        position += 1
      }
      guard let value, value < Self.limit else {
        throw Damage(words: "no \(what) where one should be")
      }
      return value
    }

    /// More than a picture has in one direction; and so few that what is computed of sizes does not overflow.
    private static let limit = 1 << 28
  }
}
