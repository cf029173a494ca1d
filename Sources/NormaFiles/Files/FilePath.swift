import Foundation

/// Paths as text, with `/` between their components.
package enum FilePath {
  /// An absolute path without `.`, doubled or trailing slashes; links stay, except that a path with
  /// `..` is resolved (what `..` means depends on the links before it).
  package static func absolute(_ path: String) -> String {
    let full = path.hasPrefix("/") ? path : FileManager.default.currentDirectoryPath + "/" + path
    let parts = full.split(separator: "/").filter { $0 != "." }
    if parts.contains(".."), let resolved = resolved(full) { return resolved }
    return "/" + parts.joined(separator: "/")
  }

  /// The path with all links resolved; nil when it does not exist.
  package static func resolved(_ path: String) -> String? {
    guard let pointer = realpath(path, nil) else { return nil }
    defer { free(pointer) }
    return String(validatingCString: pointer)
  }

  package static func name(_ path: String) -> String {
    path.split(separator: "/").last.map(String.init) ?? "/"
  }

  package static func parent(_ path: String) -> String {
    let parts = path.split(separator: "/").dropLast()
    return (path.hasPrefix("/") ? "/" : "") + parts.joined(separator: "/")
  }

  /// The name without the last extension.
  package static func stem(_ path: String) -> String {
    let name = name(path)
    guard let dot = name.lastIndex(of: "."), dot != name.startIndex else { return name }
    return String(name[..<dot])
  }

  package static func isFolder(_ path: String) -> Bool {
    var status = stat()
    return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
  }

  /// Whether something has this name, a link that leads nowhere included.
  package static func exists(_ path: String) -> Bool {
    var status = stat()
    return lstat(path, &status) == 0
  }

  package static func isLink(_ path: String) -> Bool {
    var status = stat()
    return lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFLNK
  }

  /// Whether something is there that is neither a file nor a folder nor a link to one: a device, a pipe.
  package static func isSpecial(_ path: String) -> Bool {
    var status = stat()
    return stat(path, &status) == 0 && ![S_IFREG, S_IFDIR].contains(status.st_mode & S_IFMT)
  }

  /// `path` as seen from `folder` when it lies in it, otherwise `path` itself.
  package static func relative(_ path: String, to folder: String) -> String {
    let prefix = folder.hasSuffix("/") ? folder : folder + "/"
    return path.hasPrefix(prefix) ? String(path.dropFirst(prefix.count)) : path
  }

  /// Makes the folder and those above it.
  package static func createFolder(_ path: String) throws {
    if path.isEmpty || isFolder(path) { return }
    try createFolder(parent(path))
    guard mkdir(path, 0o777) == 0 || (errno == EEXIST && isFolder(path)) else {
      throw FileProblem.system(path, "the folder cannot be created", code: errno)
    }
  }
}

extension String {
  /// For a terminal: line feeds, other control characters and those that turn the direction of writing as
  /// escapes, `\n` or `\u{1b}`. A file's name may hold them all, and would break the line or steer the
  /// terminal.
  package var printable: String {
    guard unicodeScalars.contains(where: Self.steers) else { return self }
    return unicodeScalars.reduce(into: "") { text, scalar in
      guard Self.steers(scalar) else { return text.unicodeScalars.append(scalar) }
      switch scalar {
      case "\n": text += "\\n"
      case "\r": text += "\\r"
      case "\t": text += "\\t"
      default: text += "\\u{\(String(scalar.value, radix: 16))}"
      }
    }
  }

  /// The same of a text of several lines, which stay.
  package var printableLines: String {
    guard unicodeScalars.contains(where: Self.steers) else { return self }
    return split(separator: "\n", omittingEmptySubsequences: false).map { String($0).printable }
      .joined(separator: "\n")
  }

  private static func steers(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0..<0x20, 0x7F..<0xA0, 0x200E...0x200F, 0x2028...0x202E, 0x2066...0x2069: true
    default: false
    }
  }
}

/// What lies directly in a folder, sorted by name.
package struct FolderListing {
  /// Names of sub-folders; links to folders count.
  package var folders: [String] = []
  /// Names of everything else, also of links that lead nowhere.
  package var files: [String] = []
  /// Names that are not UTF-8, repaired so that they can be shown; they cannot be opened by them.
  package var unreadableNames: [String] = []

  /// - Throws: `FileProblem` when the folder cannot be opened or read.
  package init(_ folder: String) throws {
    guard let stream = opendir(folder) else {
      throw FileProblem.system(folder, "the folder cannot be opened", code: errno)
    }
    defer { closedir(stream) }
    while true {
      errno = 0
      guard let entry = readdir(stream) else {
        guard errno == 0 else {
          throw FileProblem.system(folder, "the folder cannot be read", code: errno)
        }
        break
      }
      guard let offset = MemoryLayout<dirent>.offset(of: \.d_name) else { continue }
      let name = UnsafeRawPointer(entry).advanced(by: offset).assumingMemoryBound(to: CChar.self)
      add(name, in: folder)
    }
    folders.sort(by: Self.precedes)
    files.sort(by: Self.precedes)
    unreadableNames.sort(by: Self.precedes)
  }

  /// Names that are the same letters, composed or not, are equal as text and two files: their bytes decide.
  private static func precedes(_ first: String, _ second: String) -> Bool {
    first == second
      ? first.utf8.lexicographicallyPrecedes(second.utf8) : first < second
  }

  private mutating func add(_ bytes: UnsafePointer<CChar>, in folder: String) {
    guard let name = String(validatingCString: bytes) else {
      unreadableNames.append(String(cString: bytes))
      return
    }
    if name == "." || name == ".." { return }
    if FilePath.isFolder(folder + "/" + name) { folders.append(name) } else { files.append(name) }
  }
}

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

  public var description: String { "\(path.printable): \(reason)" }

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
