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
