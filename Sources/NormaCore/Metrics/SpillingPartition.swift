import Foundation

/// Any number of unsigned integers in bounded memory, to be read back bucket by bucket: a bucket
/// holds the elements that agree in their highest bits.
///
/// Elements gather in a buffer. A full buffer is parted by bucket (a stable counting sort on the
/// leading digit) and written to an unlinked temporary file as one run; nothing is ever merged, for
/// bucket b of the whole is bucket b of every run, one after the other. Within a bucket, elements
/// come back in the order in which they were added, so results do not depend on the memory's size.
struct SpillingPartition<Element: FixedWidthInteger & UnsignedInteger> {
  private struct Run {
    /// `buckets + 1` element positions: bucket b is `starts[b]..<starts[b + 1]`.
    var starts: [Int]
    /// Where the run begins in the file; `nil` while it is the last one and still in memory.
    var offset: Int?
  }

  private let leadingBits: Int
  private let limit: Int
  private let folder: String
  private var pending: [Element] = []
  private var used = 0
  private var runs: [Run] = []
  private var file: TemporaryFile?

  /// - Parameters:
  ///   - leadingBits: how many of the highest bits name the bucket.
  ///   - memoryLimit: bytes that may be held at once: a buffer of half of it, and its sorted copy.
  ///   - folder: where the temporary file goes when one is needed.
  init(leadingBits: Int, memoryLimit: Int, folder: String) {
    self.leadingBits = leadingBits
    self.folder = folder
    limit = max(1, memoryLimit / 2 / MemoryLayout<Element>.size)
  }

  var buckets: Int { 1 << leadingBits }
  var spilledBytes: Int { file?.length ?? 0 }

  /// Adds `element(0)`, …, `element(count − 1)`, spilling as often as the buffer fills.
  @inline(__always)
  mutating func append(count: Int, _ element: (Int) -> Element) throws {
    var added = 0
    while added < count {
      let slice = min(count - added, limit - used)
      makeRoom(slice)
      pending.withUnsafeMutableBufferPointer { buffer in
        for index in 0..<slice { buffer[used + index] = element(added + index) }
      }
      used += slice
      added += slice
      if used == limit { try spill() }
    }
  }

  /// Ends the adding: the last run stays in memory.
  mutating func seal() {
    guard used > 0 else { return }
    let (sorted, starts) = partitioned()
    pending = sorted
    runs.append(Run(starts: starts, offset: nil))
  }

  /// How many elements bucket `bucket` holds; sealed partitions only.
  func count(in bucket: Int) -> Int {
    runs.reduce(0) { $0 + $1.starts[bucket + 1] - $1.starts[bucket] }
  }

  /// Hands over bucket `bucket` in pieces, in the order of adding.
  @inline(__always)
  func forEachPiece(
    in bucket: Int, through buffer: inout [Element],
    _ body: (UnsafeBufferPointer<Element>) -> Void
  ) throws {
    for run in runs {
      let range = run.starts[bucket]..<run.starts[bucket + 1]
      guard let offset = run.offset, let file else {
        pending.withUnsafeBufferPointer { body(UnsafeBufferPointer(rebasing: $0[range])) }
        continue
      }
      var next = range.lowerBound
      while next < range.upperBound {
        let count = min(buffer.count, range.upperBound - next)
        try buffer.withUnsafeMutableBytes { bytes in
          let size = MemoryLayout<Element>.size
          let piece = UnsafeMutableRawBufferPointer(rebasing: bytes[..<(count * size)])
          try file.read(piece, at: offset + next * size)
        }
        buffer.withUnsafeBufferPointer { body(UnsafeBufferPointer(rebasing: $0[..<count])) }
        next += count
      }
    }
  }

  /// Grows the buffer by doubling, never beyond the limit.
  private mutating func makeRoom(_ count: Int) {
    let needed = used + count
    guard needed > pending.count else { return }
    let size = min(limit, max(needed, 2 * pending.count))
    pending.reserveCapacity(size)
    pending.append(contentsOf: repeatElement(0, count: size - pending.count))
  }

  private mutating func spill() throws {
    let (sorted, starts) = partitioned()
    let file = try file ?? TemporaryFile(folder: folder)
    self.file = file
    runs.append(Run(starts: starts, offset: try sorted.withUnsafeBytes { try file.append($0) }))
    used = 0
  }

  /// The buffer's elements by bucket, and where each bucket starts.
  private func partitioned() -> (sorted: [Element], starts: [Int]) {
    let shift = Element.bitWidth - leadingBits
    var starts = Array(repeating: 0, count: buckets + 1)
    pending.withUnsafeBufferPointer { source in
      starts.withUnsafeMutableBufferPointer { starts in
        for index in 0..<used { starts[Int(source[index] >> shift) + 1] += 1 }
        for bucket in 1..<starts.count { starts[bucket] += starts[bucket - 1] }
      }
    }
    var next = starts
    let sorted = [Element](unsafeUninitializedCapacity: used) { target, count in
      pending.withUnsafeBufferPointer { source in
        next.withUnsafeMutableBufferPointer { next in
          for index in 0..<used {
            let bucket = Int(source[index] >> shift)
            target.initializeElement(at: next[bucket], to: source[index])
            next[bucket] += 1
          }
        }
      }
      count = used
    }
    return (sorted, starts)
  }
}

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
