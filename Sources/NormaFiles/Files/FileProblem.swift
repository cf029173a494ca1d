import Foundation

/// Something is wrong with a file or a folder. The description is meant for the person who named
/// it: which file, what was found, what to do.
public struct FileProblem: Error, CustomStringConvertible, Sendable, Equatable {
  /// The file or folder, as a path.
  public var path: String
  /// What is wrong, and what to do about it; a sentence without a full stop.
  public var reason: String

  public init(path: String, reason: String) {
    self.path = path
    self.reason = reason
  }

  public var description: String { "\(path): \(reason)" }

  /// What the operating system refused, in words.
  /// - Parameters:
  ///   - doing: what was attempted, as "cannot be …".
  ///   - code: the system's error number (`errno`).
  package static func system(_ path: String, _ doing: String, code: Int32) -> FileProblem {
    FileProblem(path: path, reason: "\(doing): \(explanation(of: code))")
  }

  private static func explanation(of code: Int32) -> String {
    switch code {
    case ENOENT: "there is no such file or folder"
    case EACCES, EPERM: "permission denied; check who owns it and its access rights"
    case ENOSPC: "no space is left on the disk; free some and try again"
    case EDQUOT: "the disk quota is used up; free some space and try again"
    case EROFS: "the disk is read-only"
    case EISDIR: "it is a folder"
    case ENOTDIR: "a part of its path is a file, not a folder"
    case EEXIST, ENOTEMPTY: "it exists already"
    case ELOOP: "its links lead in a circle"
    case ENAMETOOLONG: "its name is too long"
    case EMFILE, ENFILE: "too many files are open"
    case EIO: "the disk reports an error (input/output error)"
    default: String(cString: strerror(code))
    }
  }
}
