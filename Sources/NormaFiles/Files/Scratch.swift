import Foundation

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
    let folder = FilePath.parent(target)
    guard let listing = try? FolderListing(folder) else { return }
    for name in listing.folders where name.hasPrefix(prefix(target)) {
      guard let leftover = try? PosixFile(folder: folder + "/" + name) else { continue }
      if leftover.tryLock() == true { remove(folder + "/" + name) }
    }
    for name in listing.files where name.hasPrefix(prefix(target)) {
      guard let leftover = try? PosixFile(reading: folder + "/" + name) else { continue }
      if leftover.tryLock() == true { remove(folder + "/" + name) }
    }
  }

  package static func remove(_ path: String) {
    try? FileManager.default.removeItem(atPath: path)
  }
}
