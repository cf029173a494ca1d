import Foundation

/// Files that are there whole or not at all: whatever happens while one is written, its name holds
/// the old content or the new.
public enum AtomicFile {
  /// Writes beside the target, brings it to the disk, then gives it the name. A link is followed:
  /// the file that it leads to is replaced.
  /// - Throws: `FileProblem` (no permission, disk full, …); the old file is intact then.
  public static func write(_ data: Data, to path: String) throws {
    try write(to: path) { try $0.write(data) }
  }

  /// The same for content that comes in pieces.
  /// - Parameter fill: writes it, and brings it to the disk.
  package static func write(
    to path: String, by fill: (borrowing Scratch) throws -> Void
  ) throws {
    let named = FilePath.absolute(path)
    guard let target = FilePath.resolved(named) ?? (FilePath.exists(named) ? nil : named) else {
      throw FileProblem(
        path: path, reason: "cannot be written: it is a link to something that is not there")
    }
    guard !FilePath.isFolder(target) else {
      throw FileProblem(path: path, reason: "cannot be written: it is a folder")
    }
    // A rename would put a file in the place of `/dev/null`.
    guard !FilePath.isSpecial(target) else {
      throw FileProblem(path: path, reason: "cannot be written: it is a device or a pipe")
    }
    let scratch = try Scratch(fileFor: target)
    do {
      try fill(scratch)
      guard rename(scratch.path, target) == 0 else {
        throw FileProblem.system(target, "cannot be written", code: errno)
      }
      FaultPoint.pass()
    } catch {
      Scratch.remove(scratch.path)
      guard let problem = error as? FileProblem, [scratch.path, target].contains(problem.path)
      else { throw error }
      throw FileProblem(path: path, reason: problem.reason)
    }
    try synchronizeFolder(FilePath.parent(target))
  }

  /// Brings a folder's entries (a rename in it) to the disk. File systems that cannot do that for
  /// folders are left alone.
  package static func synchronizeFolder(_ path: String) throws {
    let folder = try PosixFile(folder: path)
    guard fsync(folder.descriptor) == 0 || errno == EINVAL || errno == ENOTSUP else {
      throw FileProblem.system(path, "cannot be brought to the disk", code: errno)
    }
  }
}

/// A file or folder that is being written beside the one it will replace. Its name begins with a
/// dot and says what it is for; a lock on it says that its writer lives. What a writer that was
/// killed left behind has no lock, and the next writer of the same target removes it.
package struct Scratch: ~Copyable {
  private let lock: PosixFile

  package var path: String { lock.path }

  private static func prefix(_ target: String) -> String {
    ".\(FilePath.name(target)).writing-"
  }

  /// - Parameter target: the path that the result will have; its parent must exist.
  package init(folderFor target: String) throws {
    lock = try Scratch.make(for: target) { candidate in
      guard mkdir(candidate, 0o777) == 0 else {
        if errno == EEXIST { return nil }
        throw FileProblem.system(target, "cannot be written", code: errno)
      }
      return try PosixFile(folder: candidate)
    }
  }

  package init(fileFor target: String) throws {
    lock = try Scratch.make(for: target) { candidate in
      if FilePath.exists(candidate) { return nil }
      do {
        return try PosixFile(creating: candidate)
      } catch let problem as FileProblem {
        throw FileProblem(path: target, reason: problem.reason)
      }
    }
  }

  /// Only for scratch files.
  package func write(_ data: Data) throws {
    try lock.write(data)
    FaultPoint.pass()
    try lock.synchronize()
    FaultPoint.pass()
  }

  /// Only for scratch files: adds at the end, which is not on the disk before `synchronize`.
  package func append(_ data: Data) throws { try lock.write(data) }

  /// Only for scratch files: replaces what lies at `offset`.
  package func overwrite(_ data: Data, at offset: Int) throws {
    try lock.write(data, at: offset)
  }

  package func synchronize() throws { try lock.synchronize() }

  private static func make(
    for target: String, create: (String) throws -> PosixFile?
  ) throws -> PosixFile {
    removeLeftovers(of: target)
    for _ in 0..<100 {
      let number = UInt64.random(in: 0...UInt64.max)
      let candidate =
        FilePath.parent(target) + "/" + prefix(target) + String(number, radix: 36)
      guard let lock = try create(candidate) else { continue }
      FaultPoint.pass()
      // Between making it and locking it, another writer may have taken it for a leftover.
      // Where there are no locks nobody can take it for one.
      if lock.tryLock() ?? true, lock.isStill(at: candidate) { return lock }
    }
    throw FileProblem(path: target, reason: "no temporary name beside it could be had")
  }

  private static func removeLeftovers(of target: String) {
    removeLeftovers(in: FilePath.parent(target)) { $0.hasPrefix(prefix(target)) }
  }

  /// Removes what killed writers left in a folder, of whatever target.
  package static func removeLeftovers(in folder: String) {
    removeLeftovers(in: folder) { $0.hasPrefix(".") && $0.contains(".writing-") }
  }

  private static func removeLeftovers(in folder: String, where isScratch: (String) -> Bool) {
    guard let listing = try? FolderListing(folder) else { return }
    for name in listing.folders where isScratch(name) {
      guard let leftover = try? PosixFile(folder: folder + "/" + name) else { continue }
      if leftover.tryLock() == true { remove(folder + "/" + name) }
    }
    for name in listing.files where isScratch(name) {
      guard let leftover = try? PosixFile(reading: folder + "/" + name) else { continue }
      if leftover.tryLock() == true { remove(folder + "/" + name) }
    }
  }

  package static func remove(_ path: String) {
    try? FileManager.default.removeItem(atPath: path)
  }
}

/// The steps of a save at which a power cut would hurt most. With `NORMA_FAULT=7` in its environment
/// a process kills itself at its seventh passage through one of them, which is how the tests show
/// that no save can be cut so that something half-written is left. Without the variable a passage
/// does nothing.
package enum FaultPoint {
  /// Which passage is the last; 0: none.
  private static let last =
    ProcessInfo.processInfo.environment["NORMA_FAULT"].flatMap { Int($0) } ?? 0
  private static let passages = Passages()

  /// Nothing after this call happens when it is the process's last passage.
  package static func pass() {
    guard last > 0, passages.next() == last else { return }
    kill(getpid(), SIGKILL)
    // The signal may reach another thread first: this one goes no further.
    while true { pause() }
  }

  private final class Passages: @unchecked Sendable {
    private let lock = NSLock()
    private var count = 0

    func next() -> Int {
      lock.withLock {
        count += 1
        return count
      }
    }
  }
}
