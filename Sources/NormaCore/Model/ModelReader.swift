import Foundation
import NormaFiles

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
        path: source.shown(ModelFile.manifest), reason: "it lists \(listed.count) files")
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
