import Foundation

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
