import Foundation

extension FileHandle {
  /// What comes until the end, or until `limit` bytes are there. Foundation's own calls stop the process
  /// when a signal interrupts them, as the end of another test's child can.
  public func bytes(upTo limit: Int = .max) -> Data {
    var all = Data()
    var buffer = [UInt8](repeating: 0, count: 65536)
    while all.count < limit {
      let count = readOnce(
        fileDescriptor, into: &buffer, upTo: min(buffer.count, limit - all.count))
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { break }
      all.append(contentsOf: buffer[..<count])
    }
    return all
  }
}

/// Outside the extension, where `read` is the system's.
private func readOnce(_ file: Int32, into buffer: inout [UInt8], upTo count: Int) -> Int {
  read(file, &buffer, count)
}
