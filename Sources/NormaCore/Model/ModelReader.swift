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
    // Finder's, Explorer's and Dolphin's, a Mac's on other disks, and files that were open when they were removed.
    return [".DS_Store", "Thumbs.db", "desktop.ini", ".directory"].contains(last)
      || ["._", ".nfs", ".fuse_hidden"].contains(where: last.hasPrefix)
      || name.hasPrefix("__MACOSX/")
  }
}

/// Reads a model and trusts nothing in it before it is checked.
struct ModelReader {
  /// Bytes; a manifest has a few thousand, early ones more, for they kept whole calibrations.
  static let manifestLimit = 64 << 20
  private static let fileLimit = 4096

  private let source: ModelSource
  private let limit: Int

  init(_ source: ModelSource, _ limit: Int) {
    self.source = source
    self.limit = limit
  }

  func read() throws -> ModelFolder {
    let present = try source.names()
    guard present.contains(ModelFile.manifest) else {
      throw FileProblem(path: source.path, reason: "not a model: it holds no \(ModelFile.manifest)")
    }
    let text = try source.data(ModelFile.manifest, limit: ModelReader.manifestLimit)
    let manifest = try ManifestText.decode(text, path: source.shown(ModelFile.manifest))
    try check(manifest.files, against: present)
    var files: [String: Data] = [:]
    var left = limit
    for (name, digest) in manifest.files.sorted(by: { $0.key < $1.key }) {
      let data = try source.data(name, limit: left)
      guard Digest.sha256(data) == digest else {
        throw FileProblem(
          path: source.shown(name),
          reason: "its bytes do not match the digest in the manifest: it was changed or is damaged")
      }
      files[name] = data
      left -= data.count
    }
    return ModelFolder(path: source.path, manifest: manifest, files: files)
  }

  private func check(_ listed: [String: String], against present: [String]) throws {
    guard listed.count <= ModelReader.fileLimit else {
      throw FileProblem(
        path: source.shown(ModelFile.manifest), reason: "it lists \(counted(listed.count, "file"))")
    }
    let present = Set(present)
    for name in listed.keys.sorted() {
      try ModelReader.checkName(name, in: source.shown(ModelFile.manifest))
      guard present.contains(name) else {
        throw FileProblem(
          path: source.shown(name), reason: "the file is missing; the manifest lists it")
      }
    }
    let extra = present.filter { listed[$0] == nil && $0 != ModelFile.manifest }
    guard let first = extra.min() else { return }
    throw FileProblem(
      path: source.shown(first),
      reason: "the manifest does not list this file; remove it from the model")
  }

  /// A name must stay in the folder: relative, without `..`, not hidden.
  static func checkName(_ name: String, in path: String) throws {
    let parts = name.split(separator: "/", omittingEmptySubsequences: false)
    let isPlain = parts.allSatisfy { part in
      !part.isEmpty && !part.hasPrefix(".") && part.utf8.count <= 255
        && part.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0 != "\\" && $0.value != 0x7F }
    }
    guard isPlain, parts.count <= 8, name != ModelFile.manifest else {
      throw FileProblem(path: path, reason: "'\(name)' cannot be the name of a model's file")
    }
  }
}
