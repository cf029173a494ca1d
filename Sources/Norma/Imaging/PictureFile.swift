import Foundation
import NormaCore

/// A picture file's bytes, read once: what the signature was found in is what the decoder gets.
struct PictureFile {
  let path: String
  let bytes: [UInt8]
  let format: PictureFormat
  /// False when `bytes` is only the beginning of the file.
  let isWhole: Bool

  /// The file at `path`, or only its first `limit` bytes. Throws `PictureError` when it cannot be
  /// opened, is no regular file, or begins like no picture.
  init(path: String, limit: Int? = nil, sizeLimit: Int) throws {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw PictureError(path: path, reason: Self.systemReason()) }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else {
      throw PictureError(path: path, reason: Self.systemReason())
    }
    guard status.st_mode & S_IFMT == S_IFREG else {
      let kind = status.st_mode & S_IFMT == S_IFDIR ? "a folder" : "a device, pipe or socket"
      throw PictureError(path: path, reason: "\(kind), not a picture file")
    }
    let size = Int(status.st_size)
    guard size <= sizeLimit else {
      throw PictureError(
        path: path,
        reason: "\(size >> 20) MiB, larger than any picture within the limit of pixels")
    }
    let wanted = min(size, limit ?? size)
    let bytes = try Self.read(descriptor, count: wanted, path: path)
    try self.init(path: path, bytes: bytes, isWhole: wanted == size)
  }

  /// Bytes that are already in memory; `path` names them in errors.
  init(path: String, bytes: [UInt8], isWhole: Bool = true) throws {
    guard !bytes.isEmpty else { throw PictureError(path: path, reason: "the file is empty") }
    guard let format = PictureFormat.sniff(Array(bytes.prefix(64))) else {
      throw PictureError(path: path, reason: Self.unknownSignature(bytes))
    }
    self.path = path
    self.bytes = bytes
    self.format = format
    self.isWhole = isWhole
  }

  private static func read(_ descriptor: Int32, count: Int, path: String) throws -> [UInt8] {
    try [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
      while filled < count {
        let got = Foundation.read(
          descriptor, buffer.baseAddress?.advanced(by: filled), count - filled)
        if got < 0 && errno == EINTR { continue }
        guard got >= 0 else { throw PictureError(path: path, reason: systemReason()) }
        if got == 0 { break }
        filled += got
      }
    }
  }

  private static func systemReason() -> String {
    let words = String(cString: strerror(errno))
    return "cannot be read: \(words.prefix(1).lowercased() + words.dropFirst())"
  }

  private static func unknownSignature(_ bytes: [UInt8]) -> String {
    let head = bytes.prefix(12)
    let isText = head.allSatisfy { (0x20...0x7E).contains($0) || [9, 10, 13].contains($0) }
    let shown =
      isText
      ? "the text \"\(String(decoding: head.map { $0 < 0x20 ? 0x20 : $0 }, as: UTF8.self))\""
      : "the bytes " + head.prefix(8).map { String(format: "%02x", $0) }.joined(separator: " ")
    return "not a picture: it begins with \(shown), which is the signature of none of "
      + PictureFormat.allCases.map(\.title).joined(separator: ", ")
  }
}
