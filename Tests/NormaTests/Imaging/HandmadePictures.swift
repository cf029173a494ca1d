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
  /// Of an animation, whose first one `lines` is; nil of a still picture.
  var frames: Int?
  /// Red, green, blue of each entry.
  var palette: [UInt8] = []
  /// The scan lines without their filter bytes; 16-bit values are big-endian.
  var lines: [UInt8]

  var bytes: [UInt8] {
    var file = header
    if let frames { file += Self.chunk("acTL", Self.bigEndian(UInt32(frames)) + [0, 0, 0, 0]) }
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

/// A 24-bit BMP, bottom row first, lines padded to four bytes.
func handmadeBMP(width: Int, height: Int, pixels: Bool = true) -> [UInt8] {
  let stride = (width * 3 + 3) / 4 * 4
  var file: [UInt8] = Array("BM".utf8)
  file += littleEndian(54 + (pixels ? stride * height : 0), 4) + [0, 0, 0, 0] + littleEndian(54, 4)
  file += littleEndian(40, 4) + littleEndian(width, 4) + littleEndian(height, 4)
  file += littleEndian(1, 2) + littleEndian(24, 2) + [UInt8](repeating: 0, count: 24)
  guard pixels else { return file }
  for row in (0..<height).reversed() {
    var line = (0..<width).flatMap { gradient($0, row).reversed() }
    line += [UInt8](repeating: 0, count: stride - line.count)
    file += line
  }
  return file
}

/// A little-endian TIFF of one uncompressed strip. `photometric`: 1 grey, 2 RGB, 5 CMYK.
func handmadeTIFF(
  width: Int, height: Int, photometric: Int, samples: Int, bits: Int, format: Int = 1,
  pixels: [UInt8]
) -> [UInt8] {
  let directoryAt = 8
  let entries = 11
  let extraAt = directoryAt + 2 + entries * 12 + 4
  let pixelsAt = extraAt + 2 * samples + 2 * samples
  // Tag, type (3 is a short, 4 a long), count, value.
  let fields: [(Int, Int, Int, Int)] = [
    (256, 4, 1, width), (257, 4, 1, height),
    (258, 3, samples, samples > 2 ? extraAt : bits | bits << 16), (259, 3, 1, 1),
    (262, 3, 1, photometric), (273, 4, 1, pixelsAt), (277, 3, 1, samples), (278, 4, 1, height),
    (279, 4, 1, pixels.count), (284, 3, 1, 1),
    (339, 3, samples, samples > 2 ? extraAt + 2 * samples : format | format << 16),
  ]
  var file: [UInt8] = [0x49, 0x49, 42, 0] + littleEndian(directoryAt, 4)
  file += littleEndian(entries, 2)
  for (tag, type, count, value) in fields {
    file += littleEndian(tag, 2) + littleEndian(type, 2) + littleEndian(count, 4)
    file += littleEndian(samples == 1 && count == 1 && type == 3 ? value & 0xFFFF : value, 4)
  }
  file += littleEndian(0, 4)
  for _ in 0..<samples { file += littleEndian(bits, 2) }
  for _ in 0..<samples { file += littleEndian(format, 2) }
  return file + pixels
}

/// A TIFF of `handmadeTIFF` with a second directory of the same pixels.
/// - Parameter subfile: what that says it is (tag 254): 0 a page, 1 a smaller version of the first.
func twoPages(_ tiff: [UInt8], subfile: Int = 0) -> [UInt8] {
  let fields = Array(tiff[10..<(10 + 11 * 12)])
  var file = tiff + [UInt8](repeating: 0, count: tiff.count % 2)
  file.replaceSubrange(142..<146, with: littleEndian(file.count, 4))
  file += littleEndian(12, 2)
  for (value, count) in [(254, 2), (4, 2), (1, 4), (subfile, 4)] {
    file += littleEndian(value, count)
  }
  return file + fields + littleEndian(0, 4)
}

/// A GIF of the grey levels 0, 2, … 254, without compression: codes of eight bits, the table cleared before it
/// grows. The frame of number f begins f levels further on.
func handmadeGIF(width: Int, height: Int, frames: Int = 1) -> [UInt8] {
  var file: [UInt8] = Array("GIF89a".utf8)
  file += littleEndian(width, 2)
  file += littleEndian(height, 2)
  file += [0xF6, 0, 0]
  for level in 0..<128 { file += [UInt8](repeating: UInt8(2 * level), count: 3) }
  for frame in 0..<frames {
    file += [0x2C, 0, 0, 0, 0]
    file += littleEndian(width, 2)
    file += littleEndian(height, 2)
    file += [0, 7]
    var codes: [UInt8] = []
    for place in 0..<(width * height) {
      if place % 100 == 0 { codes.append(0x80) }
      codes.append(UInt8((place + frame) % 128))
    }
    codes.append(0x81)
    for start in stride(from: 0, to: codes.count, by: 255) {
      let block = codes[start..<min(start + 255, codes.count)]
      file.append(UInt8(block.count))
      file += block
    }
    file.append(0)
  }
  return file + [0x3B]
}

func littleEndian(_ value: Int, _ count: Int) -> [UInt8] {
  (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
}

/// The colour that test pictures have at a place: different everywhere, in every channel.
func gradient(_ x: Int, _ y: Int) -> [UInt8] {
  [UInt8(truncatingIfNeeded: 9 * x), UInt8(truncatingIfNeeded: 11 * y), UInt8((x + y) % 200)]
}

func gradientPixels(width: Int, height: Int) -> [UInt8] {
  (0..<height).flatMap { y in (0..<width).flatMap { x in gradient(x, y) } }
}
