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
