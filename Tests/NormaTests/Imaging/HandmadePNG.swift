/// PNG files byte by byte, uncompressed, so that tests know what a decoder must find in them.
struct HandmadePNG {
  enum Kind: UInt8 {
    case grey = 0
    case rgb = 2
    case palette = 3
    case greyAlpha = 4
    case rgba = 6
  }

  var width: Int
  var height: Int
  var kind: Kind
  var bits: UInt8 = 8
  /// Red, green, blue of each entry.
  var palette: [UInt8] = []
  /// The scan lines without their filter bytes; 16-bit values are big-endian.
  var lines: [UInt8]

  var bytes: [UInt8] {
    var file = header
    if !palette.isEmpty { file += Self.chunk("PLTE", palette) }
    file += Self.chunk("IDAT", Self.stored(filtered))
    return file + Self.chunk("IEND", [])
  }

  /// The signature and the header chunk alone: a size without pixels.
  var header: [UInt8] {
    [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]
      + Self.chunk(
        "IHDR",
        Self.bigEndian(UInt32(width)) + Self.bigEndian(UInt32(height))
          + [bits, kind.rawValue, 0, 0, 0])
  }

  private var filtered: [UInt8] {
    let length = lines.count / height
    return (0..<height).flatMap { [0] + lines[($0 * length)..<(($0 + 1) * length)] }
  }

  private static func stored(_ bytes: [UInt8]) -> [UInt8] {
    var out: [UInt8] = [0x78, 0x01]
    var start = 0
    repeat {
      let end = min(start + 65535, bytes.count)
      let length = UInt16(end - start)
      out.append(end == bytes.count ? 1 : 0)
      for word in [length, ~length] { out += [UInt8(word & 0xFF), UInt8(word >> 8)] }
      out += bytes[start..<end]
      start = end
    } while start < bytes.count
    var (a, b): (UInt32, UInt32) = (1, 0)
    for byte in bytes {
      a = (a + UInt32(byte)) % 65521
      b = (b + a) % 65521
    }
    return out + bigEndian(b << 16 | a)
  }

  private static func chunk(_ name: String, _ content: [UInt8]) -> [UInt8] {
    let body = Array(name.utf8) + content
    return bigEndian(UInt32(content.count)) + body + bigEndian(crc32(body))
  }

  private static func crc32(_ bytes: [UInt8]) -> UInt32 {
    ~bytes.reduce(~0) { crc, byte in
      (0..<8).reduce(crc ^ UInt32(byte)) { rest, _ in
        rest & 1 == 1 ? (rest >> 1) ^ 0xEDB8_8320 : rest >> 1
      }
    }
  }

  private static func bigEndian(_ value: UInt32) -> [UInt8] {
    stride(from: 24, through: 0, by: -8).map { UInt8(truncatingIfNeeded: value >> UInt32($0)) }
  }
}
