import NormaCore
import NormaFiles

/// The picture files that a list of files and folders means.
public struct PictureList: Sendable, Equatable {
  /// A file to inspect.
  public struct Entry: Sendable, Hashable {
    public var path: String
    /// The path below the folder that was named, or the file's own name.
    public var relative: String
  }

  /// In the order in which they were named, those of a folder by name. A file that was named twice
  /// comes once.
  public private(set) var entries: [Entry] = []
  /// Folders that cannot be read, and why.
  public private(set) var unreadable: [FileProblem] = []
  private var seen: Set<String> = []

  /// Names that are tried although the file begins like no picture: then the file is damaged.
  static let extensions: Set<String> = ["jpg", "jpeg", "png", "tif", "tiff", "webp", "bmp"]

  /// A file is taken whatever it is, so that a wrong one is named and not passed over. A folder gives
  /// every file in it and below it that begins like a picture or has a picture's extension; hidden
  /// ones are left out, and so are the folders `excluded`.
  public init(_ paths: [String], excluding excluded: [String] = []) {
    let excluded = Set(excluded.compactMap { FilePath.resolved($0) })
    for path in paths {
      if FilePath.isFolder(path) {
        var above: Set<String> = []
        walk(trimmed(path), relative: "", excluded, &above)
      } else {
        add(path, relative: FilePath.name(path))
      }
    }
  }

  private func trimmed(_ path: String) -> String {
    path.count > 1 && path.hasSuffix("/") ? trimmed(String(path.dropLast())) : path
  }

  private mutating func walk(
    _ folder: String, relative: String, _ excluded: Set<String>, _ above: inout Set<String>
  ) {
    // A link may lead back to a folder above it.
    guard let real = FilePath.resolved(folder), !excluded.contains(real),
      above.insert(real).inserted
    else { return }
    defer { above.remove(real) }
    let listing: FolderListing
    do {
      listing = try FolderListing(folder)
    } catch {
      unreadable.append(
        error as? FileProblem ?? FileProblem(path: folder, reason: "\(error)"))
      return
    }
    unreadable += listing.unreadableNames.map {
      FileProblem(path: "\(folder)/\($0)", reason: "its name is not valid UTF-8; rename it")
    }
    for name in listing.files where !name.hasPrefix(".") && isPicture(name, in: folder) {
      add("\(folder)/\(name)", relative: relative + name)
    }
    for name in listing.folders where !name.hasPrefix(".") {
      walk("\(folder)/\(name)", relative: "\(relative)\(name)/", excluded, &above)
    }
  }

  private func isPicture(_ name: String, in folder: String) -> Bool {
    let parts = name.split(separator: ".")
    if parts.count > 1, let last = parts.last, Self.extensions.contains(last.lowercased()) {
      return true
    }
    return (try? PictureFormat.of("\(folder)/\(name)")) != nil
  }

  private mutating func add(_ path: String, relative: String) {
    guard seen.insert(FilePath.resolved(path) ?? path).inserted else { return }
    entries.append(Entry(path: path, relative: relative))
  }
}
