import NormaCore
import NormaFiles

/// Files of several pages or frames. One of them would be looked at and a defect on another one passed as
/// normal, so they are refused.
enum PicturePages {
  /// - Parameters:
  ///   - file: a picture; of one that is only begun, what its beginning says.
  ///   - found: how many the decoder counted; of a PNM, more than one where another one follows.
  /// - Throws: `FileProblem` that says how many they are.
  static func refuseSeveral(in file: PictureFile, found: Int) throws {
    let count: Int
    switch file.format {
    // libvips decodes an animation's still picture, and counts the small previews in a TIFF.
    case .png: count = framesOfPNG(file.bytes)
    case .tiff: count = found > 1 ? pagesOfTIFF(file.bytes) : 1
    default: count = found
    }
    guard count > 1 else { return }
    let many =
      switch file.format {
      case .pnm: "several pictures"
      case .tiff: "\(count) pages"
      default: "\(count) frames"
      }
    throw FileProblem(
      path: file.path,
      reason:
        "it holds \(many), and a file of one picture is expected; save each as a file of its own"
    )
  }

  /// Of an animated PNG, the frames that its control chunk declares; 1 of others.
  private static func framesOfPNG(_ bytes: [UInt8]) -> Int {
    var position = 8
    while let length = integer(bytes, position, 4), let kind = integer(bytes, position + 4, 4) {
      switch kind {
      // acTL, which comes before IDAT, the pixels.
      case 0x6163_544C: return integer(bytes, position + 8, 4) ?? 1
      case 0x4944_4154: return 1
      default: position += 12 + length
      }
    }
    return 1
  }

  /// The directories of a TIFF that are pictures of their own: not those of a smaller version of another
  /// (tag 254, bit 0), nor of a mask of what is transparent in it (bit 2).
  private static func pagesOfTIFF(_ bytes: [UInt8]) -> Int {
    let little = bytes.first == UInt8(ascii: "I")
    func value(_ at: Int, _ count: Int) -> Int? { integer(bytes, at, count, little: little) }
    // BigTIFF counts and points with eight bytes.
    let isBig = value(2, 2) == 43
    let (counter, entry, pointer) = isBig ? (8, 20, 8) : (2, 12, 4)
    var next = isBig ? value(8, 8) : value(4, 4)
    var pages: [Bool] = []
    var seen: Set<Int> = []
    while let directory = next, directory > 0, seen.count < 4096,
      seen.insert(directory).inserted, let entries = value(directory, counter), entries < 1 << 16
    {
      let first = directory + counter
      let kind = (0..<entries).map { first + $0 * entry }.first { value($0, 2) == 254 }
        .flatMap { value($0 + 4 + pointer, 4) }
      pages.append((kind ?? 0) & 0b101 == 0)
      next = value(first + entries * entry, pointer)
    }
    // The first is the one that is decoded. Where it is not a picture of its own, nothing is certain.
    return pages.first == true ? pages.count { $0 } : max(1, pages.count)
  }

  /// An unsigned number in `count` bytes; nil where the file has ended, or beyond what a file's offset can be.
  private static func integer(
    _ bytes: [UInt8], _ at: Int, _ count: Int, little: Bool = false
  ) -> Int? {
    guard at >= 0, at <= bytes.count - count else { return nil }
    var value: UInt64 = 0
    for place in 0..<count {
      value = value << 8 | UInt64(bytes[little ? at + count - 1 - place : at + place])
    }
    return value < 1 << 48 ? Int(value) : nil
  }
}
