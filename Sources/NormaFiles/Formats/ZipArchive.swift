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

/// The table of contents at the end of a zip archive (PKWARE's APPNOTE 6.3, sections 4.3.12 to
/// 4.3.16).
struct ZipDirectory {
  let bytes: UnsafeRawBufferPointer
  let archive: String

  func read() throws -> [(name: String, entry: ZipArchive.Entry)] {
    let (count, offset, end) = try locate()
    var position = offset
    var contents: [(name: String, entry: ZipArchive.Entry)] = []
    // Each entry takes 46 bytes at least, so a damaged count cannot ask for much.
    guard count <= (end - offset) / 46 else { throw damaged("it declares \(count) files") }
    contents.reserveCapacity(count)
    for _ in 0..<count {
      guard position + 46 <= end, bytes.little32(position) == 0x0201_4B50 else {
        throw damaged("an entry is not where it should be")
      }
      let nameEnd = position + 46 + bytes.little16(position + 28)
      let extraEnd = nameEnd + bytes.little16(position + 30)
      let next = extraEnd + bytes.little16(position + 32)
      guard next <= end else { throw damaged("an entry is cut off") }
      let name = String(decoding: bytes[position + 46..<nameEnd], as: UTF8.self)
      var entry = ZipArchive.Entry(
        method: bytes.little16(position + 10), flags: bytes.little16(position + 8),
        checksum: UInt32(truncatingIfNeeded: bytes.little32(position + 16)),
        compressedSize: bytes.little32(position + 20), size: bytes.little32(position + 24),
        headerOffset: bytes.little32(position + 42))
      try widen(&entry, extra: nameEnd..<extraEnd)
      guard entry.headerOffset <= bytes.count, entry.compressedSize <= bytes.count else {
        throw damaged("'\(name)' lies beyond the end of the archive")
      }
      contents.append((name, entry))
      position = next
    }
    return contents
  }

  /// The number of entries and where their table begins and ends.
  private func locate() throws -> (count: Int, offset: Int, end: Int) {
    guard let end = endRecord() else {
      throw ZipProblem(
        archive: archive, reason: "not a zip archive, or cut off: its table of contents is missing")
    }
    var count = bytes.little16(end + 10)
    var size = bytes.little32(end + 12)
    var offset = bytes.little32(end + 16)
    if count == 0xFFFF || size == 0xFFFF_FFFF || offset == 0xFFFF_FFFF, end >= 20,
      bytes.little32(end - 20) == 0x0706_4B50
    {
      let wide = try offset64(end - 12)
      guard wide <= bytes.count - 56, bytes.little32(wide) == 0x0606_4B50 else {
        throw damaged("its zip64 end is not where it should be")
      }
      count = try offset64(wide + 32)
      size = try offset64(wide + 40)
      offset = try offset64(wide + 48)
    }
    guard offset <= end, size <= end - offset else {
      throw damaged("it lies beyond the end of the archive")
    }
    return (count, offset, offset + size)
  }

  /// The last 22 bytes, unless a comment of up to 65,535 bytes follows them.
  private func endRecord() -> Int? {
    guard bytes.count >= 22 else { return nil }
    let last = bytes.count - 22
    return stride(from: last, through: max(0, last - 0xFFFF), by: -1).first {
      bytes.little32($0) == 0x0605_4B50 && $0 + 22 + bytes.little16($0 + 20) == bytes.count
    }
  }

  /// Sizes and offsets that do not fit 32 bits stand in the extra field 1, in this order.
  private func widen(_ entry: inout ZipArchive.Entry, extra: Range<Int>) throws {
    var position = extra.lowerBound
    while position + 4 <= extra.upperBound {
      let kind = bytes.little16(position)
      let fieldEnd = position + 4 + bytes.little16(position + 2)
      guard fieldEnd <= extra.upperBound else { return }
      if kind == 1 {
        var field = position + 4
        for key in [
          \ZipArchive.Entry.size, \ZipArchive.Entry.compressedSize, \ZipArchive.Entry.headerOffset,
        ] where entry[keyPath: key] == 0xFFFF_FFFF {
          guard field + 8 <= fieldEnd else { throw damaged("a zip64 field is cut off") }
          entry[keyPath: key] = try offset64(field)
          field += 8
        }
      }
      position = fieldEnd
    }
  }

  private func offset64(_ position: Int) throws -> Int {
    let value = bytes.loadUnaligned(fromByteOffset: position, as: UInt64.self)
    guard let value = Int(exactly: UInt64(littleEndian: value)), value < 1 << 48 else {
      throw damaged("it holds an impossible size")
    }
    return value
  }

  private func damaged(_ reason: String) -> ZipProblem {
    ZipProblem(archive: archive, reason: "its table of contents is damaged: \(reason)")
  }
}

extension UnsafeRawBufferPointer {
  func little16(_ offset: Int) -> Int {
    Int(UInt16(littleEndian: loadUnaligned(fromByteOffset: offset, as: UInt16.self)))
  }

  func little32(_ offset: Int) -> Int {
    Int(UInt32(littleEndian: loadUnaligned(fromByteOffset: offset, as: UInt32.self)))
  }
}
