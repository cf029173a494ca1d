import Foundation
import NormaFiles

/// Where a model's bytes come from: a folder, or a zip archive of one.
enum ModelSource {
  case folder(String)
  case zip(ZipArchive, path: String, prefix: String)

  /// - Parameter limit: how many bytes the archive may have.
  static func zip(_ path: String, limit: Int) throws -> ModelSource {
    let data = try PosixFile(reading: path).readAll(limit: limit)
    guard ZipArchive.isZip(data) else {
      throw FileProblem(
        path: path, reason: "not a model: a model is a folder with manifest.json, or that zipped")
    }
    let archive = try ZipArchive(data: data, name: path)
    // Zipping a folder puts its name before every file's; zipping what is in it does not.
    let manifests = archive.entries.filter {
      FilePath.name($0) == ModelFile.manifest && $0.split(separator: "/").count <= 2
        && !ModelSource.isIgnored($0)
    }
    guard let first = manifests.min(by: { $0.count < $1.count }) else {
      throw FileProblem(path: path, reason: "not a model: it holds no \(ModelFile.manifest)")
    }
    return .zip(archive, path: path, prefix: String(first.dropLast(ModelFile.manifest.count)))
  }

  var path: String {
    switch self {
    case .folder(let path), .zip(_, let path, _): path
    }
  }

  /// How errors call one of the files.
  func shown(_ name: String) -> String { "\(path)/\(name)" }

  /// The names of all files, sorted, but for those that systems leave everywhere.
  func names() throws -> [String] {
    switch self {
    case .folder(let path):
      return try ModelSource.names(in: path, prefix: "", depth: 0)
        .filter { !ModelSource.isIgnored($0) }.sorted()
    case .zip(let archive, let path, let prefix):
      return try archive.entries.filter { !ModelSource.isIgnored($0) }.map { entry in
        guard entry.hasPrefix(prefix) else {
          throw FileProblem(
            path: path, reason: "it holds \(entry), which does not belong to the model")
        }
        return String(entry.dropFirst(prefix.count))
      }.sorted()
    }
  }

  /// - Throws: `FileProblem` or `ZipProblem` when it is missing, cannot be read or is larger than
  ///   `limit` bytes.
  func data(_ name: String, limit: Int) throws -> Data {
    switch self {
    case .folder(let path):
      return try PosixFile(reading: path + "/" + name).readAll(limit: limit)
    case .zip(let archive, _, let prefix):
      return try archive.data(prefix + name, limit: limit)
    }
  }

  private static func names(in folder: String, prefix: String, depth: Int) throws -> [String] {
    guard depth < 8 else {
      throw FileProblem(path: folder, reason: "the model's folders are nested too deeply")
    }
    let listing = try FolderListing(folder)
    return try listing.files.map { prefix + $0 }
      + listing.unreadableNames.map { prefix + $0 }
      + listing.folders.flatMap {
        try names(in: folder + "/" + $0, prefix: prefix + $0 + "/", depth: depth + 1)
      }
  }

  private static func isIgnored(_ name: String) -> Bool {
    let last = FilePath.name(name)
    return last == ".DS_Store" || last == "Thumbs.db" || name.hasPrefix("__MACOSX/")
  }
}
