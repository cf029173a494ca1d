import Foundation
import NormaFiles

/// The picture formats that are read, told by the first bytes of a file, never by its name.
public enum PictureFormat: String, Sendable, Hashable, CaseIterable {
  case jpeg, png, tiff, webp, bmp

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
    return nil
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

  /// Why a file with this beginning is not read.
  package static func refusal(_ head: [UInt8]) -> String {
    let read = "JPEG, PNG, TIFF, WebP and BMP are read"
    if head.isEmpty { return "the file is empty (0 bytes)" }
    if let other = otherFormat(head) { return "it is \(other); \(read)" }
    let first = head.prefix(8)
    let hex = first.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined(separator: " ")
    let isText = first.allSatisfy { (0x20..<0x7F).contains($0) }
    let text = isText ? " (\"\(String(decoding: first, as: UTF8.self))\")" : ""
    return "not a picture: its first bytes are \(hex)\(text); \(read)"
  }

  private static func otherFormat(_ head: [UInt8]) -> String? {
    if head.starts(with: Array("GIF8".utf8)) { return "a GIF" }
    if head.starts(with: Array("%PDF".utf8)) { return "a PDF document" }
    if head.starts(with: [0x50, 0x4B, 0x03, 0x04]) { return "a zip archive" }
    if head.count >= 12, head[4..<8].elementsEqual("ftyp".utf8) {
      return "a HEIF or AVIF picture or a film"
    }
    return nil
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
