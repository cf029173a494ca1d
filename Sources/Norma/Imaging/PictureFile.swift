import Foundation
import NormaCore
import NormaFiles

/// A picture file's bytes, read once: what the signature was found in is what the decoder gets.
struct PictureFile {
  let path: String
  let bytes: [UInt8]
  let format: PictureFormat
  /// False when `bytes` is only the beginning of the file.
  let isWhole: Bool

  /// The file at `path`, or only its first `headLength` bytes. Throws `FileProblem` when it cannot be
  /// opened, is no regular file, is larger than `sizeLimit` bytes, or begins like no picture.
  init(path: String, headLength: Int? = nil, sizeLimit: Int = .max) throws {
    let file = try PosixFile(reading: path)
    let size = try file.size()
    guard size <= sizeLimit else {
      throw FileProblem(
        path: path,
        reason: "\(size >> 20) MiB, more than any picture within the limit of pixels takes")
    }
    let wanted = min(size, headLength ?? size)
    // What is no picture may be of any size, and is not read to its end.
    let head = try file.head(min(wanted, PictureFormat.headLength))
    guard PictureFormat.sniff(head) != nil else {
      throw FileProblem(path: path, reason: PictureFormat.refusal(head))
    }
    let bytes = try [UInt8](unsafeUninitializedCapacity: wanted) { buffer, count in
      let memory = UnsafeMutableRawBufferPointer(buffer)
      memory.copyBytes(from: head)
      count = head.count
      count += try file.read(
        into: UnsafeMutableRawBufferPointer(rebasing: memory[head.count..<max(head.count, wanted)]))
    }
    try self.init(path: path, bytes: bytes, isWhole: wanted == size)
  }

  /// Bytes that are already in memory; `path` names them in errors.
  init(path: String, bytes: [UInt8], isWhole: Bool = true) throws {
    let head = Array(bytes.prefix(PictureFormat.headLength))
    guard let format = PictureFormat.sniff(head) else {
      throw FileProblem(path: path, reason: PictureFormat.refusal(head))
    }
    self.path = path
    self.bytes = bytes
    self.format = format
    self.isWhole = isWhole
  }
}

extension PictureFormat {
  /// The format's name as people write it.
  var title: String { self == .webp ? "WebP" : rawValue.uppercased() }
}

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

/// Encodes pictures.
public enum PictureWriter {
  /// A PNG: no pixel is changed.
  public static func png(_ picture: Picture) throws -> Data {
    try encode(picture.rgb, picture.width, picture.height, bands: 3, format: .png)
  }

  /// A JPEG of `quality` 1–100.
  public static func jpeg(_ picture: Picture, quality: Int = 85) throws -> Data {
    try encode(
      picture.rgb, picture.width, picture.height, bands: 3, format: .jpeg, quality: quality)
  }

  /// `pixels` with 1 (grey), 3 (RGB) or 4 (CMYK) bands, interleaved.
  package static func encode(
    _ pixels: [UInt8], _ width: Int, _ height: Int, bands: Int, format: PictureFormat,
    quality: Int = 100
  ) throws -> Data {
    do {
      return try Vips.run {
        try pixels.withUnsafeBufferPointer { buffer in
          try VipsImage(pixels: buffer, width: width, height: height, bands: bands)
            .encoded(format, quality: quality)
        }
      }
    } catch let error as VipsError {
      throw EncodingError(format: format, words: error.words)
    }
  }

  /// A picture that libvips did not encode.
  struct EncodingError: Error, CustomStringConvertible {
    var format: PictureFormat
    var words: String
    var description: String { "a picture could not be encoded as \(format.title): \(words)" }
  }
}
