/// A canonical Huffman code of at most 15 bits, as deflate uses it (RFC 1951, section 3.2.2).
struct HuffmanCode {
  /// Codes of up to this many bits are found by one look-up.
  private static let tableBits = 9
  /// By the next `tableBits` bits: symbol · 16 + length, 0 where the code is longer or unused.
  private var table = [UInt16](repeating: 0, count: 1 << HuffmanCode.tableBits)
  /// How many codes have each length, and the symbols in the order of their codes.
  private var counts = [Int](repeating: 0, count: 16)
  private var symbols: [UInt16] = []

  /// - Parameter lengths: the number of bits of each symbol's code, 0 for a symbol without one.
  /// - Throws: when the lengths overfill the code space, or leave some of it unused; a single code
  ///   of one bit, and a code without symbols, are allowed, as in zlib.
  init(lengths: [UInt8]) throws {
    self.init(complete: lengths)
    var free = 1
    for length in 1...15 {
      free = free * 2 - counts[length]
      guard free >= 0 else { throw Inflate.Problem.invalid("too many codes in a block") }
    }
    let used = counts[1...].reduce(0, +)
    guard free == 0 || used == 0 || (used == 1 && counts[1] == 1) else {
      throw Inflate.Problem.invalid("unused codes in a block")
    }
  }

  /// For lengths that are known to be a code, or that are checked after.
  init(complete lengths: [UInt8]) {
    for length in lengths { counts[Int(length)] += 1 }
    counts[0] = 0
    var starts = [Int](repeating: 0, count: 17)
    var codes = [Int](repeating: 0, count: 17)
    for length in 1...15 {
      starts[length + 1] = starts[length] + counts[length]
      codes[length + 1] = (codes[length] + counts[length]) << 1
    }
    symbols = [UInt16](repeating: 0, count: starts[16])
    for (symbol, length) in lengths.enumerated() where length > 0 {
      let length = Int(length)
      symbols[starts[length]] = UInt16(symbol)
      starts[length] += 1
      enter(code: codes[length], length: length, symbol: symbol)
      codes[length] += 1
    }
  }

  /// Codes arrive most significant bit first in a stream read from the least significant bit, so
  /// the table is indexed by the reversed code, for every continuation of it.
  private mutating func enter(code: Int, length: Int, symbol: Int) {
    guard length <= HuffmanCode.tableBits, code < 1 << length else { return }
    var reversed = 0
    for bit in 0..<length where code >> bit & 1 == 1 { reversed |= 1 << (length - 1 - bit) }
    for index in stride(from: reversed, to: table.count, by: 1 << length) {
      table[index] = UInt16(symbol << 4 | length)
    }
  }

  func read(_ input: inout BitReader) throws -> Int {
    let entry = table[input.peek(HuffmanCode.tableBits)]
    if entry > 0 {
      try input.skip(Int(entry & 15))
      return Int(entry >> 4)
    }
    var code = 0
    var first = 0
    var index = 0
    for length in 1...15 {
      code |= try input.take(1)
      if code - first < counts[length] { return Int(symbols[index + code - first]) }
      index += counts[length]
      first = (first + counts[length]) << 1
      code <<= 1
    }
    throw Inflate.Problem.invalid("a code that was not declared")
  }
}
