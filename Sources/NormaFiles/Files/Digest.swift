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

/// What changes when a file does, without reading it: size and times. A cache of something computed
/// from a file's content is kept under its path and this.
public struct FileKey: Sendable, Hashable, Codable {
  /// Bytes.
  public var size: Int
  /// Nanoseconds since 1970 of the last change of the content.
  public var modified: Int64
  /// Nanoseconds since 1970 of the last change of anything, which tools that set `modified` back
  /// (`cp -p`, `rsync -t`) cannot set.
  public var changed: Int64

  /// - Throws: `FileProblem` when there is no such file or it may not be examined.
  public init(of path: String) throws {
    var status = stat()
    guard stat(path, &status) == 0 else {
      throw FileProblem.system(path, "cannot be examined", code: errno)
    }
    size = Int(status.st_size)
    #if canImport(Darwin)
      let (modification, change) = (status.st_mtimespec, status.st_ctimespec)
    #else
      let (modification, change) = (status.st_mtim, status.st_ctim)
    #endif
    // Of a time far from ours any number will do, as long as it is the same one again.
    modified = Int64(modification.tv_sec) &* 1_000_000_000 &+ Int64(modification.tv_nsec)
    changed = Int64(change.tv_sec) &* 1_000_000_000 &+ Int64(change.tv_nsec)
  }
}
