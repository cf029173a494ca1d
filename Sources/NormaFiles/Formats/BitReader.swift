/// Bits from the least significant of each byte on.
struct BitReader {
  let bytes: UnsafeRawBufferPointer
  private var position = 0
  private var held: UInt64 = 0
  private var count = 0

  init(bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

  private mutating func fill() {
    while count <= 56, position < bytes.count {
      held |= UInt64(bytes[position]) << UInt64(count)
      position += 1
      count += 8
    }
  }

  /// The next bits without taking them; zeros after the end.
  mutating func peek(_ bits: Int) -> Int {
    if count < bits { fill() }
    return Int(held & (1 << UInt64(bits) - 1))
  }

  mutating func skip(_ bits: Int) throws {
    guard count >= bits else { throw Inflate.Problem.truncated }
    held >>= UInt64(bits)
    count -= bits
  }

  mutating func take(_ bits: Int) throws -> Int {
    let value = peek(bits)
    try skip(bits)
    return value
  }

  mutating func skipToByte() {
    held >>= UInt64(count % 8)
    count -= count % 8
  }
}
