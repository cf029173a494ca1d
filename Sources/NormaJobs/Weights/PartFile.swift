import Foundation
import NormaFiles

/// A file under way from a server, and beside it what it is the beginning of: `NAME.part` and
/// `NAME.part.json`. A download that broke off is gone on with only where the server says by the validator
/// that its file is still the same (RFC 9110, If-Range).
final class PartFile {
  /// What the bytes are the beginning of.
  struct Origin: Codable, Equatable {
    var url: String
    /// The server's strong ETag, else its date of the last change; nil where it gives neither, and nothing can
    /// be gone on with.
    var validator: String?
    /// Bytes of the whole; nil where the server does not say.
    var size: Int?
    /// SHA-256 of the whole, as the server states it.
    var digest: String?
  }

  let path: String
  private var facts: String { path + ".json" }
  private var descriptor: Int32 = -1
  /// Nobody else writes it as long as this is here.
  private let lock: FileLock

  /// - Throws: `FileProblem` when the file cannot be made, or another process writes it.
  init(_ path: String) throws {
    self.path = path
    guard let lock = try FileLock(path) else {
      throw FileProblem(
        path: path, reason: "another process downloads it at this moment; wait until it is done")
    }
    self.lock = lock
  }

  deinit { close() }

  /// Bytes that are there.
  var size: Int {
    var status = stat()
    return stat(path, &status) == 0 ? Int(status.st_size) : 0
  }

  /// What the bytes that are there are the beginning of; nil without any, or where nobody kept it.
  var origin: Origin? {
    guard size > 0, let data = FileManager.default.contents(atPath: facts) else { return nil }
    return try? JSONDecoder().decode(Origin.self, from: data)
  }

  /// Writes go after the first `kept` bytes from now on.
  func begin(_ origin: Origin, keeping kept: Int) throws {
    close()
    descriptor = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw FileProblem.system(path, "cannot be opened", code: errno) }
    // What is there of another file must not be taken for the beginning of this one.
    guard ftruncate(descriptor, off_t(kept)) == 0, lseek(descriptor, off_t(kept), SEEK_SET) >= 0
    else { throw FileProblem.system(path, "cannot be written", code: errno) }
    try AtomicFile.write(JSONEncoder().encode(origin), to: facts)
  }

  func write(_ data: Data) throws {
    try data.withUnsafeBytes { bytes in
      var rest = UnsafeRawBufferPointer(rebasing: bytes[...])
      while !rest.isEmpty {
        let count = Foundation.write(descriptor, rest.baseAddress, rest.count)
        if count < 0 {
          if errno == EINTR { continue }
          throw FileProblem.system(path, "cannot be written", code: errno)
        }
        rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(count))
      }
    }
  }

  /// What was written is on the disk, and the file is closed.
  func close() {
    guard descriptor >= 0 else { return }
    fsync(descriptor)
    _ = Foundation.close(descriptor)
    descriptor = -1
  }

  /// Nothing of it is wanted any more.
  func remove() {
    close()
    unlink(path)
    unlink(facts)
  }

  /// Bytes that are free where it lies; nil where the system does not say.
  var room: Int? {
    let folder = FilePath.parent(FilePath.absolute(path))
    let found = try? FileManager.default.attributesOfFileSystem(forPath: folder)[.systemFreeSize]
    return (found as? NSNumber)?.intValue
  }
}
