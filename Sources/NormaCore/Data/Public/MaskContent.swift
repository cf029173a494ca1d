import Foundation
import NormaFiles

/// Whether a mask marks anything: of data sets that give every picture a mask and say in no other way
/// which of them are defective (KolektorSDD). Only what such masks are is understood: uncompressed BMP
/// and PNG, in grey, in colours or with a palette whose first entry is the background.
enum MaskContent {
  /// - Throws: `FileProblem` when the file is no such mask, or is damaged.
  static func isEmpty(_ path: String) throws -> Bool {
    let data = try PosixFile(reading: path).readAll(limit: 1 << 28)
    return try data.withUnsafeBytes { bytes in
      switch PictureFormat.sniff(Array(bytes.prefix(PictureFormat.headLength))) {
      case .bmp: try BMP(bytes, path: path).isEmpty
      case .png: try PNG(bytes, path: path).isEmpty
      default: throw FileProblem(path: path, reason: "a mask is expected as PNG or BMP")
      }
    }
  }

  private struct BMP {
    let isEmpty: Bool

    init(_ bytes: UnsafeRawBufferPointer, path: String) throws {
      func little(_ offset: Int, _ count: Int) -> Int {
        (0..<count).reduce(0) { $0 | Int(bytes[offset + $1]) << (8 * $1) }
      }
      guard bytes.count >= 54 else { throw FileProblem(path: path, reason: "the BMP is cut short") }
      let start = little(10, 4)
      let width = little(18, 4)
      let height = Int(Int32(truncatingIfNeeded: little(22, 4)).magnitude)
      let bits = little(28, 2)
      guard little(30, 4) == 0, [1, 4, 8, 24].contains(bits), width > 0, width < 1 << 20,
        height > 0, height < 1 << 20
      else {
        throw FileProblem(
          path: path, reason: "a mask in BMP is expected uncompressed, with 1, 4, 8 or 24 bits")
      }
      let used = width * bits
      let row = (used + 31) / 32 * 4
      guard start >= 54, start + row * height <= bytes.count else {
        throw FileProblem(path: path, reason: "the BMP is cut short")
      }
      // What fills a row up to four bytes is no pixel.
      isEmpty = (0..<height).allSatisfy { y in
        let from = start + y * row
        let whole = bytes[from..<from + used / 8].allSatisfy { $0 == 0 }
        let rest = used % 8
        return whole && (rest == 0 || bytes[from + used / 8] >> (8 - rest) == 0)
      }
    }
  }

  private struct PNG {
    let isEmpty: Bool

    /// Each row is a filter's number and differences to neighbours, which all are zero for all filters
    /// where all pixels are zero, and only there: nothing needs to be unfiltered.
    init(_ bytes: UnsafeRawBufferPointer, path: String) throws {
      func damaged(_ reason: String) -> FileProblem {
        FileProblem(path: path, reason: "the PNG is damaged: \(reason)")
      }
      func big(_ offset: Int) -> Int {
        (0..<4).reduce(0) { $0 << 8 | Int(bytes[offset + $1]) }
      }
      guard bytes.count >= 33 else { throw damaged("it is cut short") }
      let (width, height) = (big(16), big(20))
      let (depth, colour, interlaced) = (Int(bytes[24]), bytes[25], bytes[28])
      guard let channels = [0: 1, 2: 3, 3: 1][Int(colour)], interlaced == 0,
        [1, 2, 4, 8, 16].contains(depth), (1..<1 << 16).contains(width),
        (1..<1 << 16).contains(height)
      else {
        throw FileProblem(
          path: path, reason: "a mask in PNG is expected without transparency and interlacing")
      }
      var packed = Data()
      var position = 8
      while position + 12 <= bytes.count {
        let length = big(position)
        guard length <= bytes.count - position - 12 else { throw damaged("it is cut short") }
        if bytes[position + 4..<position + 8].elementsEqual("IDAT".utf8) {
          packed.append(contentsOf: bytes[position + 8..<position + 8 + length])
        }
        position += 12 + length
      }
      guard packed.count > 6 else { throw damaged("it has no pixels") }
      let row = 1 + (width * channels * depth + 7) / 8
      let pixels: Data
      do {
        // Two bytes of zlib's header before, four of its checksum behind.
        pixels = try packed.withUnsafeBytes {
          try Inflate.inflate(
            UnsafeRawBufferPointer(rebasing: $0[2..<$0.count - 4]), size: row * height)
        }
      } catch {
        throw damaged("\(error)")
      }
      isEmpty = pixels.withUnsafeBytes { pixels in
        (0..<height).allSatisfy { y in
          pixels[(y * row + 1)..<((y + 1) * row)].allSatisfy { $0 == 0 }
        }
      }
    }
  }
}
