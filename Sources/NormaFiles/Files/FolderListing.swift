import Foundation

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
    folders.sort()
    files.sort()
    unreadableNames.sort()
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
