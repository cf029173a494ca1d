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

  /// In the order in which they were named, those of a folder by name. What was named twice by the same
  /// name comes once; a link and what it leads to are two.
  public private(set) var entries: [Entry] = []
  /// Folders that cannot be read, and why.
  public private(set) var unreadable: [FileProblem] = []
  /// How many maps of earlier inspections were left out, which lie in folders among the pictures.
  public private(set) var maps = 0
  /// Paths by their bytes: names that look alike may be written differently and be two files.
  private typealias Places = Set<[UInt8]>
  private var seen: Places = []

  /// A file is taken whatever it is, so that a wrong one is named and not passed over. A folder gives
  /// every file in it and below it that looks like a picture, of a format that is read or of another
  /// (``PictureFormat/looksLikePicture(_:)``): what cannot be read is named then, too. Hidden files are left
  /// out, and so are the folders `excluded` and maps that Norma drew (``MapFile``).
  public init(_ paths: [String], excluding excluded: [String] = []) {
    let excluded = Places(excluded.compactMap { FilePath.resolved($0).map { Array($0.utf8) } })
    for path in paths {
      if FilePath.isFolder(path) {
        var above: Places = []
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
    _ folder: String, relative: String, _ excluded: Places, _ above: inout Places
  ) {
    // A link may lead back to a folder above it.
    guard let real = FilePath.resolved(folder).map({ Array($0.utf8) }), !excluded.contains(real),
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
    for name in listing.files
    where !name.hasPrefix(".") && PictureFormat.looksLikePicture("\(folder)/\(name)") {
      guard !MapFile.isMap(name) else {
        maps += 1
        continue
      }
      add("\(folder)/\(name)", relative: relative + name)
    }
    for name in listing.folders where !name.hasPrefix(".") {
      walk("\(folder)/\(name)", relative: "\(relative)\(name)/", excluded, &above)
    }
  }

  private mutating func add(_ path: String, relative: String) {
    guard seen.insert(Array(FilePath.absolute(path).utf8)).inserted else { return }
    entries.append(Entry(path: path, relative: relative))
  }
}
