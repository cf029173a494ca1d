import Foundation

/// A file without a name, gone with the process however it ends.
package final class TemporaryFile {
  private let descriptor: Int32
  private let folder: String
  package private(set) var length = 0

  /// Makes the file in `folder` and takes its name away at once.
  ///
  /// - Throws: ``MetricError/temporaryFile(action:folder:reason:)``.
  package init(folder: String) throws {
    var template = Array((folder + "/norma-metrics-XXXXXX").utf8CString)
    descriptor = template.withUnsafeMutableBufferPointer { name in
      guard let base = name.baseAddress else { return -1 }
      let opened = mkstemp(base)
      if opened >= 0 { unlink(base) }
      return opened
    }
    self.folder = folder
    guard descriptor >= 0 else { throw Self.failure("create", folder, errno) }
  }

  /// Opens a file that exists, for a test to write where there is no room.
  package init(device: String) throws {
    folder = device
    descriptor = open(device, O_RDWR)
    guard descriptor >= 0 else { throw Self.failure("open", folder, errno) }
  }

  deinit {
    if descriptor >= 0 { close(descriptor) }
  }

  /// Appends all bytes and gives the offset at which they begin.
  package func append(_ bytes: UnsafeRawBufferPointer) throws -> Int {
    let start = length
    var written = 0
    while written < bytes.count {
      let rest = UnsafeRawBufferPointer(rebasing: bytes[written...])
      let count = pwrite(descriptor, rest.baseAddress, rest.count, off_t(start + written))
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { throw Self.failure("write", folder, count == 0 ? ENOSPC : errno) }
      written += count
    }
    length += written
    return start
  }

  /// Fills `bytes` from `offset` on.
  package func read(_ bytes: UnsafeMutableRawBufferPointer, at offset: Int) throws {
    var done = 0
    while done < bytes.count {
      let rest = UnsafeMutableRawBufferPointer(rebasing: bytes[done...])
      let count = pread(descriptor, rest.baseAddress, rest.count, off_t(offset + done))
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { throw Self.failure("read", folder, count == 0 ? EIO : errno) }
      done += count
    }
  }

  private static func failure(_ action: String, _ folder: String, _ code: Int32) -> MetricError {
    .temporaryFile(action: action, folder: folder, reason: String(cString: strerror(code)))
  }
}
