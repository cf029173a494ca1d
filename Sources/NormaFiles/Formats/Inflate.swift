import CZlib
import Foundation

/// Raw deflate data (RFC 1951), decompressed by zlib. Bounded: the caller says how long the result must
/// be, and nothing longer is ever made; what is not a valid stream throws.
enum Inflate {
  enum Problem: Error, CustomStringConvertible, Sendable, Equatable {
    case truncated
    case invalid(String)
    case wrongSize(expected: Int)

    var description: String {
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
  /// zlib counts in 32 bits, so longer data go through it in pieces.
  private static let largestPiece = 1 << 30

  /// - Parameter size: the length in bytes that the result must have.
  /// - Throws: `Problem` when the data are damaged, end too early, or unfold to another size. What
  ///   follows the end of the stream is not looked at.
  static func inflate(_ compressed: UnsafeRawBufferPointer, size: Int) throws -> Data {
    guard size >= 0, size / largestRatio <= compressed.count else {
      throw Problem.wrongSize(expected: size)
    }
    // zlib remembers the structure's address, so it must not move.
    let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
    stream.initialize(to: z_stream())
    defer { stream.deallocate() }
    // A negative window means raw data, without a header of zlib's own.
    let started = inflateInit2_(
      stream, -MAX_WBITS, zlibVersion(), Int32(MemoryLayout<z_stream>.size))
    guard started == Z_OK else { throw problem(stream, status: started) }
    defer { inflateEnd(stream) }
    var result = Data(count: size)
    try result.withUnsafeMutableBytes { output in
      try run(stream, from: compressed, to: output)
    }
    return result
  }

  private static func run(
    _ stream: UnsafeMutablePointer<z_stream>, from input: UnsafeRawBufferPointer,
    to output: UnsafeMutableRawBufferPointer
  ) throws {
    // zlib only reads through `next_in`, which its header does not declare const.
    let source = UnsafeMutablePointer(
      mutating: input.assumingMemoryBound(to: UInt8.self).baseAddress)
    let target = output.assumingMemoryBound(to: UInt8.self).baseAddress
    // When the result is full, the stream's end may still be to come: a byte that goes here instead is
    // one too many.
    let spare = UnsafeMutablePointer<UInt8>.allocate(capacity: 1)
    defer { spare.deallocate() }
    var (read, written) = (0, 0)
    while true {
      let isFull = written == output.count
      let offered = min(input.count - read, largestPiece)
      let room = isFull ? 1 : min(output.count - written, largestPiece)
      stream.pointee.next_in = source.map { $0 + read }
      stream.pointee.avail_in = UInt32(offered)
      stream.pointee.next_out = isFull ? spare : target.map { $0 + written }
      stream.pointee.avail_out = UInt32(room)
      let status = CZlib.inflate(stream, Z_NO_FLUSH)
      let made = room - Int(stream.pointee.avail_out)
      if isFull, made > 0 { throw Problem.wrongSize(expected: output.count) }
      read += offered - Int(stream.pointee.avail_in)
      written += made
      switch status {
      case Z_OK: continue
      case Z_STREAM_END:
        guard written == output.count else { throw Problem.wrongSize(expected: output.count) }
        return
      // It could do nothing, and there was room: what was missing is input.
      case Z_BUF_ERROR: throw Problem.truncated
      default: throw problem(stream, status: status)
      }
    }
  }

  private static func problem(_ stream: UnsafeMutablePointer<z_stream>, status: Int32) -> Problem {
    .invalid(stream.pointee.msg.map { String(cString: $0) } ?? "zlib's status is \(status)")
  }
}

/// The checksum of zip, gzip and PNG, by zlib.
package enum CRC32 {
  package static func checksum(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
    let start = bytes.assumingMemoryBound(to: UInt8.self).baseAddress
    return UInt32(truncatingIfNeeded: crc32_z(0, start, bytes.count))
  }
}
