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
