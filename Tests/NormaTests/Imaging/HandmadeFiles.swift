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
