import Foundation

/// Reads little-endian values from bytes in order and never past their end.
struct ByteCursor {
  /// From the start of `data`.
  private(set) var offset: Int
  private let data: Data
  private let end: Int

  /// Begins at `offset` and ends with the data, or after `limit` bytes.
  init(_ data: Data, offset: Int = 0, limit: Int = .max) {
    self.data = data
    self.offset = min(offset, data.count)
    end = self.offset + min(limit, data.count - self.offset)
  }

  var remaining: Int { end - offset }

  /// The next `count` bytes; `nil` when there are not as many.
  mutating func take(_ count: Int) -> Data? {
    guard count >= 0, count <= remaining else { return nil }
    defer { offset += count }
    let start = data.startIndex + offset
    return data[start..<(start + count)]
  }

  mutating func byte() -> UInt8? { take(1)?.first }

  /// An unsigned integer of `width` bytes, at most 8; `nil` too when it does not fit into `Int`.
  mutating func integer(width: Int) -> Int? {
    guard let bytes = take(width) else { return nil }
    return Int(exactly: bytes.reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) })
  }

  /// The bytes up to the next line feed, which is passed over.
  mutating func line(limit: Int) -> Data? {
    let start = data.startIndex + offset
    let window = data[start..<(start + min(limit, remaining))]
    guard let feed = window.firstIndex(of: UInt8(ascii: "\n")) else { return nil }
    offset += feed - start + 1
    return data[start..<feed]
  }
}
