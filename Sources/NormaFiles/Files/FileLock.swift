import Foundation

/// A lock between processes, by a file that exists for it. It ends with its owner or with the process,
/// however that ends; the file stays.
public final class FileLock {
  private let descriptor: Int32

  /// Takes the lock; nil when another process has it.
  /// - Throws: `FileProblem` when the file cannot be made, or its file system has no locks.
  public init?(_ path: String) throws {
    let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else {
      throw FileProblem.system(path, "cannot be made, to lock by", code: errno)
    }
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
      let code = errno
      close(descriptor)
      if code == EWOULDBLOCK { return nil }
      throw FileProblem.system(
        path, "cannot be locked; name a folder on another disk (NORMA_HOME, or the output)",
        code: code)
    }
    self.descriptor = descriptor
  }

  deinit { close(descriptor) }

  /// Takes the lock as soon as the other process lets go.
  /// - Parameter waiting: called again and again meanwhile; what it throws ends the wait.
  public static func wait(for path: String, waiting: () throws -> Void) throws -> FileLock {
    while true {
      if let lock = try FileLock(path) { return lock }
      try waiting()
      usleep(100_000)
    }
  }
}
