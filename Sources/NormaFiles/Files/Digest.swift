import Crypto
import Foundation

/// SHA-256 digests, as 64 lower-case hexadecimal digits.
public enum Digest {
  public static func sha256(_ data: Data) -> String {
    hex(SHA256.hash(data: data))
  }

  /// The digest of a file's content, read in pieces.
  /// - Throws: `FileProblem` when the file cannot be read.
  public static func sha256(file path: String) throws -> String {
    let file = try PosixFile(reading: path)
    var hash = SHA256()
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 18, alignment: 16)
    defer { buffer.deallocate() }
    while true {
      let count = try file.read(into: buffer)
      if count == 0 { break }
      hash.update(bufferPointer: UnsafeRawBufferPointer(rebasing: buffer[..<count]))
    }
    return hex(hash.finalize())
  }

  /// The digest of bytes that come in pieces.
  package struct Running {
    private var hash = SHA256()

    package init() {}

    package mutating func update(_ bytes: some DataProtocol) { hash.update(data: bytes) }

    /// Of what came so far.
    package var hex: String { Digest.hex(hash.finalize()) }
  }

  private static func hex(_ digest: SHA256.Digest) -> String {
    let digits = Array("0123456789abcdef".utf8)
    return String(
      decoding: digest.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
  }
}
