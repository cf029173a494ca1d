import Foundation

/// An open file of the operating system, closed when it goes. Foundation's file handle hides the
/// error number, which is what tells a full disk from a forbidden one.
package struct PosixFile: ~Copyable {
  package let descriptor: Int32
  package let path: String

  /// Opens for reading. What is not a regular file is refused without waiting for it (a named pipe
  /// would block for ever).
  package init(reading path: String) throws {
    self.path = path
    descriptor = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
    guard descriptor >= 0 else { throw FileProblem.system(path, "cannot be opened", code: errno) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else {
      throw FileProblem.system(path, "cannot be examined", code: errno)
    }
    switch status.st_mode & S_IFMT {
    case S_IFREG: break
    case S_IFDIR: throw FileProblem(path: path, reason: "it is a folder, a file was expected")
    default: throw FileProblem(path: path, reason: "it is a device or a pipe, not a regular file")
    }
  }

  /// Creates a file that does not exist yet, for writing.
  package init(creating path: String, mode: mode_t = 0o666) throws {
    self.path = path
    descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode)
    guard descriptor >= 0 else { throw FileProblem.system(path, "cannot be created", code: errno) }
  }

  /// Opens a folder, to lock it or to bring its entries to disk.
  package init(folder path: String) throws {
    self.path = path
    descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { throw FileProblem.system(path, "cannot be opened", code: errno) }
  }

  deinit {
    if descriptor >= 0 { close(descriptor) }
  }

  /// The size in bytes at this moment.
  package func size() throws -> Int {
    var status = stat()
    guard fstat(descriptor, &status) == 0 else {
      throw FileProblem.system(path, "cannot be examined", code: errno)
    }
    return Int(status.st_size)
  }

  /// Up to `buffer.count` bytes from here on; fewer only at the end of the file.
  package func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
    guard let base = buffer.baseAddress else { return 0 }
    var done = 0
    while done < buffer.count {
      let count = Foundation.read(descriptor, base + done, buffer.count - done)
      if count == 0 { break }
      if count < 0 {
        if errno == EINTR { continue }
        throw FileProblem.system(path, "cannot be read", code: errno)
      }
      done += count
    }
    return done
  }

  /// The first `count` bytes, or all when there are fewer.
  package func head(_ count: Int) throws -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    let found = try bytes.withUnsafeMutableBytes { try read(into: $0) }
    return Array(bytes[..<found])
  }

  /// Everything from here on; a file larger than `limit` bytes is refused before it is read.
  package func readAll(limit: Int) throws -> Data {
    let size = try size()
    guard size <= limit else {
      throw FileProblem(
        path: path, reason: "it is \(size) bytes long; at most \(limit) are expected here")
    }
    var data = Data(count: size)
    let found = try data.withUnsafeMutableBytes { try read(into: $0) }
    guard found == size else {
      throw FileProblem(path: path, reason: "it became shorter while it was read")
    }
    return data
  }

  package func write(_ data: Data) throws {
    try data.withUnsafeBytes { bytes in
      guard let base = bytes.baseAddress else { return }
      var done = 0
      while done < bytes.count {
        let count = Foundation.write(descriptor, base + done, bytes.count - done)
        if count < 0 {
          if errno == EINTR { continue }
          throw FileProblem.system(path, "cannot be written", code: errno)
        }
        done += count
      }
    }
  }

  /// Writes at `offset`; what is written next still comes after what was last.
  package func write(_ data: Data, at offset: Int) throws {
    try data.withUnsafeBytes { bytes in
      guard let base = bytes.baseAddress else { return }
      var done = 0
      while done < bytes.count {
        let count = pwrite(descriptor, base + done, bytes.count - done, off_t(offset + done))
        if count < 0 {
          if errno == EINTR { continue }
          throw FileProblem.system(path, "cannot be written", code: errno)
        }
        done += count
      }
    }
  }

  /// Waits until what was written is on the disk.
  package func synchronize() throws {
    guard fsync(descriptor) == 0 else {
      throw FileProblem.system(path, "cannot be brought to the disk", code: errno)
    }
  }

  /// Takes the lock that says somebody works on this file or folder; false when another has it. It
  /// ends with the process, however that ends. Nil where the file system has no locks.
  package func tryLock() -> Bool? {
    if flock(descriptor, LOCK_EX | LOCK_NB) == 0 { return true }
    return errno == EWOULDBLOCK ? false : nil
  }

  /// Whether `path` still names what is open here.
  /// - Parameter followingLinks: whether a link at `path` stands for what it leads to.
  package func isStill(at path: String, followingLinks: Bool = false) -> Bool {
    var open = stat()
    var named = stat()
    let found = followingLinks ? stat(path, &named) : lstat(path, &named)
    return fstat(descriptor, &open) == 0 && found == 0
      && open.st_ino == named.st_ino && open.st_dev == named.st_dev
  }
}

/// A lock between processes, by a file that exists for it. It ends with its owner or with the process,
/// however that ends; the file stays.
public final class FileLock {
  private let descriptor: Int32

  /// Takes the lock; nil when another process has it.
  /// - Parameter shared: with others who take it so, but with nobody who takes it alone.
  /// - Throws: `FileProblem` when the file cannot be made, or its file system has no locks.
  public init?(_ path: String, shared: Bool = false) throws {
    let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else {
      throw FileProblem.system(path, "cannot be made, to lock by", code: errno)
    }
    guard flock(descriptor, (shared ? LOCK_SH : LOCK_EX) | LOCK_NB) == 0 else {
      let code = errno
      close(descriptor)
      if code == EWOULDBLOCK { return nil }
      throw FileProblem.system(
        path, "cannot be locked; name a folder on another disk (NORMA_HOME, or the output)",
        code: code)
    }
    self.descriptor = descriptor
    // When a cache's entry was used last is when its lock was taken last.
    futimens(descriptor, nil)
  }

  deinit { close(descriptor) }

  /// Takes the lock as soon as the other process lets go.
  /// - Parameter waiting: called again and again meanwhile; what it throws ends the wait.
  public static func wait(
    for path: String, shared: Bool = false, waiting: () throws -> Void
  ) throws -> FileLock {
    while true {
      if let lock = try FileLock(path, shared: shared) { return lock }
      try waiting()
      usleep(100_000)
    }
  }
}

/// A lock between processes, and between threads of one, on a folder that is changed by putting another in its
/// place. Whoever has it has the folder that the path names now: who waited for a folder that was replaced
/// meanwhile goes on to wait for its successor. It needs no file of its own, and ends with its owner or with
/// the process, however that ends. Where the file system has no locks it holds nobody up.
package final class FolderLock {
  private let folder: PosixFile

  private init(_ folder: consuming PosixFile) { self.folder = folder }

  /// For so long a folder may be missing while its successor takes its place in two steps.
  private static let patience = 20

  /// Takes the lock as soon as nobody else has it.
  /// - Parameters:
  ///   - path: with its links resolved.
  ///   - waiting: called again and again meanwhile; what it throws ends the wait.
  /// - Throws: `FileProblem` when there is no such folder, or it may not be opened.
  package static func wait(for path: String, waiting: () throws -> Void) throws -> FolderLock {
    var missing = 0
    while true {
      guard FilePath.exists(path) || missing == patience else {
        missing += 1
        usleep(50_000)
        continue
      }
      let folder = try PosixFile(folder: path)
      switch folder.tryLock() {
      case true?:
        if folder.isStill(at: path) { return FolderLock(folder) }
      case false?:
        try waiting()
        usleep(50_000)
      case nil:
        return FolderLock(folder)
      }
    }
  }
}
