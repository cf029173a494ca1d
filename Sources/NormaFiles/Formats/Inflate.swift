import Foundation

/// Raw deflate data, decompressed (RFC 1951). Bounded: the caller says how long the result must be,
/// and nothing longer is ever made; what is not a valid stream throws.
package enum Inflate {
  package enum Problem: Error, CustomStringConvertible, Sendable, Equatable {
    case truncated
    case invalid(String)
    case wrongSize(expected: Int)

    package var description: String {
      switch self {
      case .truncated: "the compressed data ends too early"
      case .invalid(let what): "the compressed data is damaged: \(what)"
      case .wrongSize(let expected):
        "the compressed data does not unfold to the \(expected) bytes that it should"
      }
    }
  }

  /// Deflate turns 258 bytes into 2 bits at best, so more than this per input byte is impossible:
  /// a damaged size is refused before memory is asked for.
  private static let largestRatio = 1032

  package static func inflate(_ compressed: UnsafeRawBufferPointer, size: Int) throws -> Data {
    guard size >= 0, size / largestRatio <= compressed.count else {
      throw Problem.wrongSize(expected: size)
    }
    var result = Data(count: size)
    try result.withUnsafeMutableBytes { output in
      var stream = Stream(input: BitReader(bytes: compressed), output: output)
      try stream.run()
    }
    return result
  }

  private struct Stream {
    var input: BitReader
    let output: UnsafeMutableRawBufferPointer
    var written = 0

    init(input: BitReader, output: UnsafeMutableRawBufferPointer) {
      self.input = input
      self.output = output
    }

    mutating func run() throws {
      var last = false
      while !last {
        last = try input.take(1) == 1
        switch try input.take(2) {
        case 0: try copyStored()
        case 1: try copyCoded(literals: fixedLiterals, distances: fixedDistances)
        case 2:
          let (literals, distances) = try readCodes()
          try copyCoded(literals: literals, distances: distances)
        default: throw Problem.invalid("unknown block type")
        }
      }
      guard written == output.count else { throw Problem.wrongSize(expected: output.count) }
    }

    private mutating func copyStored() throws {
      input.skipToByte()
      let length = try input.take(16)
      guard try input.take(16) == ~length & 0xFFFF else {
        throw Problem.invalid("a stored block's length is contradicted")
      }
      guard length <= output.count - written else {
        throw Problem.wrongSize(expected: output.count)
      }
      for _ in 0..<length {
        output[written] = UInt8(try input.take(8))
        written += 1
      }
    }

    /// The two codes that a dynamic block carries before its data (section 3.2.7).
    private mutating func readCodes() throws -> (literals: HuffmanCode, distances: HuffmanCode) {
      let literalCount = try input.take(5) + 257
      let distanceCount = try input.take(5) + 1
      let lengthCount = try input.take(4) + 4
      guard literalCount <= 286, distanceCount <= 30 else {
        throw Problem.invalid("a block declares too many symbols")
      }
      var lengthLengths = [UInt8](repeating: 0, count: 19)
      for index in 0..<lengthCount { lengthLengths[lengthOrder[index]] = UInt8(try input.take(3)) }
      let lengthCode = try HuffmanCode(lengths: lengthLengths)

      var lengths: [UInt8] = []
      while lengths.count < literalCount + distanceCount {
        let symbol = try lengthCode.read(&input)
        switch symbol {
        case 0..<16: lengths.append(UInt8(symbol))
        case 16:
          guard let previous = lengths.last else {
            throw Problem.invalid("a repeat with nothing before it")
          }
          lengths += [UInt8](repeating: previous, count: try input.take(2) + 3)
        case 17: lengths += [UInt8](repeating: 0, count: try input.take(3) + 3)
        default: lengths += [UInt8](repeating: 0, count: try input.take(7) + 11)
        }
      }
      guard lengths.count == literalCount + distanceCount else {
        throw Problem.invalid("a block's code lengths overrun")
      }
      guard lengths[256] > 0 else { throw Problem.invalid("a block without an end") }
      return (
        try HuffmanCode(lengths: Array(lengths[..<literalCount])),
        try HuffmanCode(lengths: Array(lengths[literalCount...]))
      )
    }

    private mutating func copyCoded(literals: HuffmanCode, distances: HuffmanCode) throws {
      while true {
        let symbol = try literals.read(&input)
        if symbol == 256 { return }
        if symbol < 256 {
          guard written < output.count else { throw Problem.wrongSize(expected: output.count) }
          output[written] = UInt8(symbol)
          written += 1
          continue
        }
        guard symbol - 257 < lengthBase.count else { throw Problem.invalid("unknown length") }
        let length = lengthBase[symbol - 257] + (try input.take(lengthExtra[symbol - 257]))
        let code = try distances.read(&input)
        guard code < distanceBase.count else { throw Problem.invalid("unknown distance") }
        let distance = distanceBase[code] + (try input.take(distanceExtra[code]))
        guard distance <= written else { throw Problem.invalid("a reference before the beginning") }
        guard length <= output.count - written else {
          throw Problem.wrongSize(expected: output.count)
        }
        for index in written..<written + length { output[index] = output[index - distance] }
        written += length
      }
    }
  }

  // MARK: Constants of RFC 1951, sections 3.2.5 to 3.2.7

  private static let lengthOrder = [
    16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15,
  ]
  private static let lengthBase = [
    3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131,
    163, 195, 227, 258,
  ]
  private static let lengthExtra = [
    0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0,
  ]
  private static let distanceBase = [
    1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537,
    2049, 3073, 4097, 6145, 8193, 12289, 16385, 24577,
  ]
  private static let distanceExtra = [
    0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13,
    13,
  ]
  private static let fixedLiterals = HuffmanCode(
    complete: [UInt8](repeating: 8, count: 144) + [UInt8](repeating: 9, count: 112)
      + [UInt8](repeating: 7, count: 24) + [UInt8](repeating: 8, count: 8))
  private static let fixedDistances = HuffmanCode(complete: [UInt8](repeating: 5, count: 32))
}
