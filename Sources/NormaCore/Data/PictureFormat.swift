import Foundation
import NormaFiles

/// The picture formats that are read, told by the first bytes of a file, never by its name.
public enum PictureFormat: String, Sendable, Hashable, CaseIterable {
  case jpeg, png, tiff, webp, bmp, gif
  /// A portable bitmap, grey map or pixel map (PBM, PGM, PPM), in bytes or in plain text.
  case pnm

  /// How many bytes of a file `sniff` looks at.
  public static let headLength = 18

  /// - Parameter head: the first bytes of a file, `headLength` of them where it has so many.
  public static func sniff(_ head: [UInt8]) -> PictureFormat? {
    if head.starts(with: [0xFF, 0xD8, 0xFF]) { return .jpeg }
    if head.starts(with: [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]) { return .png }
    if isTIFF(head) { return .tiff }
    if head.count >= 12, head.starts(with: Array("RIFF".utf8)),
      head[8..<12].elementsEqual("WEBP".utf8)
    {
      return .webp
    }
    if isBMP(head) { return .bmp }
    if head.starts(with: Array("GIF87a".utf8)) || head.starts(with: Array("GIF89a".utf8)) {
      return .gif
    }
    return isPNM(head) ? .pnm : nil
  }

  /// The format of a file.
  /// - Throws: `FileProblem` when it cannot be opened, is empty or of no format that is read.
  public static func of(_ path: String) throws -> PictureFormat {
    let file = try PosixFile(reading: path)
    let head = try file.head(headLength)
    if let format = sniff(head) { return format }
    throw FileProblem(path: path, reason: refusal(head))
  }

  private static func isTIFF(_ head: [UInt8]) -> Bool {
    let signatures: [[UInt8]] = [
      [0x49, 0x49, 0x2A, 0], [0x4D, 0x4D, 0, 0x2A],
      [0x49, 0x49, 0x2B, 0], [0x4D, 0x4D, 0, 0x2B],  // BigTIFF
    ]
    return signatures.contains { head.starts(with: $0) }
  }

  /// Two letters are little to go by, so the size of the second header must be one that exists.
  private static func isBMP(_ head: [UInt8]) -> Bool {
    guard head.starts(with: Array("BM".utf8)) else { return false }
    guard head.count >= 18 else { return true }
    let size = head[14..<18].reversed().reduce(0) { $0 << 8 | Int($1) }
    return [12, 16, 40, 52, 56, 64, 108, 124].contains(size)
  }

  /// `P1` to `P6`, white space, and then a width or a comment: a text may begin with the former.
  private static func isPNM(_ head: [UInt8]) -> Bool {
    guard head.count >= 4, head[0] == UInt8(ascii: "P"), (0x31...0x36).contains(head[1]),
      isWhite(head[2])
    else { return false }
    guard let next = head.dropFirst(3).first(where: { !isWhite($0) }) else { return false }
    return next == UInt8(ascii: "#") || (0x30...0x39).contains(next)
  }

  private static func isWhite(_ byte: UInt8) -> Bool {
    byte == 0x20 || (0x09...0x0D).contains(byte)
  }

  /// What is read, by the names that people know.
  public static let readable = ["JPEG", "PNG", "TIFF", "WebP", "BMP", "GIF", "PNM"]
  private static let readFormats = readable(or: "and") + " are read"

  /// The same as a list in a sentence.
  /// - Parameter word: before the last of them.
  static func readable(or word: String) -> String {
    readable.dropLast().joined(separator: ", ") + " \(word) \(readable.last ?? "")"
  }

  /// Why a file with this beginning is not read.
  package static func refusal(_ head: [UInt8]) -> String {
    if head.isEmpty { return "the file is empty (0 bytes)" }
    if let other = otherPicture(head) { return "it is \(other); \(readFormats), so convert it" }
    if let other = otherFile(head) { return "it is \(other); \(readFormats)" }
    let first = head.prefix(8)
    let hex = first.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined(separator: " ")
    let isText = first.allSatisfy { (0x20..<0x7F).contains($0) }
    let text = isText ? " (\"\(String(decoding: first, as: UTF8.self))\")" : ""
    return "not a picture: its first bytes are \(hex)\(text); \(readFormats)"
  }
}

// MARK: What looks like a picture

extension PictureFormat {
  /// How names of pictures end, without the dot and in small letters: of the formats that are read and of
  /// others, so that a picture that cannot be read is named and not passed over.
  public static let extensions: Set<String> = [
    "jpg", "jpeg", "jpe", "jfif", "png", "apng", "tif", "tiff", "webp", "bmp", "dib", "gif", "pbm",
    "pgm", "ppm", "pnm",
    // Not read.
    "pam", "pfm", "jp2", "j2k", "j2c", "jpc", "jpf", "jpx", "jxl", "jxr", "heic", "heif", "hif",
    "avif", "svg", "ico", "psd", "xcf", "tga", "pcx", "dds", "qoi", "exr", "hdr", "fit", "fits",
    "dcm", "dng", "cr2", "cr3", "nef", "arw", "orf", "raf", "rw2",
  ]

  /// Whether a file may be a picture, of a format that is read or of another: by how its name ends, which may
  /// have been given to a damaged one, or by its first bytes.
  public static func looksLikePicture(_ path: String) -> Bool {
    let name = FilePath.name(path)
    if let dot = name.lastIndex(of: "."), dot != name.startIndex,
      extensions.contains(name[name.index(after: dot)...].lowercased())
    {
      return true
    }
    guard let head = try? PosixFile(reading: path).head(headLength) else { return false }
    return sniff(head) != nil || otherPicture(head) != nil
  }

  /// A picture of a format that is not read.
  private static func otherPicture(_ head: [UInt8]) -> String? {
    let signatures: [([UInt8], String)] = [
      ([0, 0, 0, 0x0C, 0x6A, 0x50, 0x20, 0x20], "a JPEG 2000 picture"),
      ([0xFF, 0x4F, 0xFF, 0x51], "a JPEG 2000 picture"),
      ([0, 0, 0, 0x0C, 0x4A, 0x58, 0x4C, 0x20], "a JPEG XL picture"),
      ([0xFF, 0x0A], "a JPEG XL picture"), ([0x49, 0x49, 0xBC], "a JPEG XR picture"),
      (Array("P7\n".utf8), "a PAM picture"), (Array("PF\n".utf8), "a PFM picture"),
      (Array("Pf\n".utf8), "a PFM picture"), (Array("8BPS".utf8), "a Photoshop picture"),
      (Array("gimp xcf".utf8), "a GIMP picture"), (Array("qoif".utf8), "a QOI picture"),
      (Array("DDS ".utf8), "a DDS picture"), (Array("#?RADIANCE".utf8), "a Radiance picture"),
      ([0x76, 0x2F, 0x31, 0x01], "an OpenEXR picture"),
      (Array("SIMPLE  =".utf8), "a FITS picture"),
    ]
    if let found = signatures.first(where: { head.starts(with: $0.0) }) { return found.1 }
    guard head.count >= 12, head[4..<8].elementsEqual("ftyp".utf8) else { return nil }
    let brand = String(decoding: head[8..<12], as: UTF8.self)
    if brand.hasPrefix("avi") { return "an AVIF picture" }
    return ["he", "mif", "msf"].contains { brand.hasPrefix($0) } ? "a HEIF picture" : nil
  }

  private static func otherFile(_ head: [UInt8]) -> String? {
    if head.starts(with: Array("%PDF".utf8)) { return "a PDF document" }
    if head.starts(with: [0x50, 0x4B, 0x03, 0x04]) { return "a zip archive" }
    return head.count >= 12 && head[4..<8].elementsEqual("ftyp".utf8) ? "a film" : nil
  }
}

/// Width and height in pixels.
public struct PictureSize: Sendable, Hashable, Codable, CustomStringConvertible {
  public var width: Int
  public var height: Int

  public init(width: Int, height: Int) {
    self.width = width
    self.height = height
  }

  public var description: String { "\(width)×\(height)" }
}
