import Foundation

/// A zip archive in memory, read only: stored and deflated entries, also beyond 4 GiB (zip64).
/// Nothing is trusted: every offset is checked against the data, a size that the compressed bytes
/// cannot have is refused before memory is asked for, and every entry's checksum is verified.
public struct ZipArchive: Sendable {
  /// The names of the files in it, in the archive's order; folders are left out.
  public let entries: [String]

  private let archive: Data
  private let name: String
  private let index: [String: Entry]

  struct Entry: Sendable {
    var method: Int
    var flags: Int
    var checksum: UInt32
    var compressedSize: Int
    var size: Int
    var headerOffset: Int
  }

  /// Whether data begin as a zip archive does.
  public static func isZip(_ data: Data) -> Bool {
    data.starts(with: [0x50, 0x4B, 0x03, 0x04]) || data.starts(with: [0x50, 0x4B, 0x05, 0x06])
  }

  /// - Parameters:
  ///   - data: the whole archive (may be memory-mapped).
  ///   - name: what errors call it, for instance its path.
  /// - Throws: `ZipProblem` when the table of contents is missing, damaged, or names a file twice.
  public init(data: Data, name: String = "zip archive") throws {
    self.archive = data
    self.name = name
    let contents = try data.withUnsafeBytes { bytes in
      try ZipDirectory(bytes: bytes, archive: name).read()
    }
    var index: [String: Entry] = [:]
    var entries: [String] = []
    for (entryName, entry) in contents where !entryName.hasSuffix("/") {
      guard index.updateValue(entry, forKey: entryName) == nil else {
        throw ZipProblem(archive: name, reason: "it has two files named '\(entryName)'")
      }
      entries.append(entryName)
    }
    self.index = index
    self.entries = entries
  }

  /// The size in bytes that the entry says it has when unpacked; nil when there is no such entry.
  public func size(_ entry: String) -> Int? { index[entry]?.size }

  /// The bytes of one entry.
  /// - Throws: `ZipProblem` when there is no such entry, it is damaged, encrypted or compressed by
  ///   another method than deflate, or larger than `limit` bytes.
  public func data(_ entryName: String, limit: Int = .max) throws -> Data {
    guard let entry = index[entryName] else {
      throw ZipProblem(archive: name, reason: "it has no file '\(entryName)'")
    }
    guard entry.size <= limit else {
      throw problem(entryName, "it would unpack to \(entry.size) bytes; at most \(limit) are read")
    }
    guard entry.flags & 1 == 0 else { throw problem(entryName, "it is encrypted") }
    let result = try archive.withUnsafeBytes { bytes in
      try unpack(entry, named: entryName, from: bytes)
    }
    guard result.withUnsafeBytes({ CRC32.checksum($0) }) == entry.checksum else {
      throw problem(entryName, "its bytes do not match its checksum")
    }
    return result
  }

  private func unpack(
    _ entry: Entry, named entryName: String, from bytes: UnsafeRawBufferPointer
  ) throws -> Data {
    let start = entry.headerOffset
    guard start + 30 <= bytes.count, bytes.little32(start) == 0x0403_4B50 else {
      throw problem(entryName, "its header is not where the table of contents says")
    }
    let content = start + 30 + bytes.little16(start + 26) + bytes.little16(start + 28)
    guard content <= bytes.count, entry.compressedSize <= bytes.count - content else {
      throw problem(entryName, "it reaches beyond the end of the archive")
    }
    let compressed = UnsafeRawBufferPointer(
      rebasing: bytes[content..<content + entry.compressedSize])
    switch entry.method {
    case 0:
      guard entry.size == entry.compressedSize else {
        throw problem(entryName, "it is stored, but with two different sizes")
      }
      return Data(compressed)
    case 8:
      do {
        return try Inflate.inflate(compressed, size: entry.size)
      } catch {
        throw problem(entryName, "\(error)")
      }
    default:
      throw problem(
        entryName, "it is compressed by method \(entry.method); stored and deflated are read")
    }
  }

  private func problem(_ entry: String, _ reason: String) -> ZipProblem {
    ZipProblem(archive: name, reason: "its file '\(entry)' cannot be read: \(reason)")
  }
}

/// What is wrong with a zip archive.
public struct ZipProblem: Error, CustomStringConvertible, Sendable, Equatable {
  public var archive: String
  public var reason: String

  public init(archive: String, reason: String) {
    self.archive = archive
    self.reason = reason
  }

  public var description: String { "\(archive): \(reason)" }
}
