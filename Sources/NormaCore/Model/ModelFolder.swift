import Foundation
import NormaFiles

/// The names of a model folder's files.
public enum ModelFile {
  public static let manifest = "manifest.json"
  /// Trained parameters, by name.
  public static let weights = "weights.safetensors"
  /// Picture in, anomaly map and score out.
  public static let graph = "graph.onnx"
  /// Scores of held-out normal pictures and thresholds.
  public static let calibration = "calibration.json"
  /// What the network gives for the reference picture: a ``ModelReference``.
  public static let reference = "reference.json"
  /// How the network was trained: a ``TrainingRecord``.
  public static let training = "training.json"
  /// What training and evaluation showed, for people.
  public static let report = "report/index.html"
  /// The content of the page, so that what changes later is shown beside the rest.
  public static let reportContent = "report/content.json"
}

/// A model: the bytes of its files, each checked against the digest in its manifest. They are read
/// once, so what is used later is what was checked.
public struct ModelFolder: Sendable {
  /// Where it was read from or written to.
  public let path: String
  public let manifest: Manifest
  private let files: [String: Data]

  init(path: String, manifest: Manifest, files: [String: Data]) {
    self.path = path
    self.manifest = manifest
    self.files = files
  }

  /// The names of its files, sorted, without the manifest.
  public var names: [String] { files.keys.sorted() }

  /// The bytes of one of its files.
  /// - Throws: `FileProblem` when the model has no such file.
  public func data(_ name: String) throws -> Data {
    guard let data = files[name] else {
      throw FileProblem(path: path, reason: "the model has no file \(name)")
    }
    return data
  }

  public func contains(_ name: String) -> Bool { files[name] != nil }

  /// Opens a model folder, or the same as a zip archive (stored or deflated).
  /// - Parameter limit: how many bytes all files together may have.
  /// - Throws: `FileProblem` or `ZipProblem` that names the file: missing, not listed in the
  ///   manifest, of other bytes than were written, too large, of a later format.
  public static func open(_ path: String, limit: Int = 2 << 30) throws -> ModelFolder {
    let path = FilePath.absolute(path)
    guard FilePath.exists(path) else {
      let lost = ModelWriter.interruptedReplacement(of: path)
      let hint = lost.map { "; an interrupted replacement left the model at \($0)" } ?? ""
      throw FileProblem(path: path, reason: "there is no such model" + hint)
    }
    if FilePath.isFolder(path) { return try ModelReader(ModelSource.folder(path), limit).read() }
    return try ModelReader(ModelSource.zip(path, limit: limit), limit).read()
  }

  /// Writes a model folder as one: it is there with all of its files or, if anything goes wrong,
  /// not at all, and a model that was there before stays whole until the new one takes its place.
  /// - Parameters:
  ///   - manifest: its `files` and `digest` are filled in.
  ///   - files: everything else, by path in the folder.
  ///   - replacing: whether a model that is there may be replaced. What is not a model is never.
  /// - Throws: `FileProblem` (exists already, no permission, disk full, …).
  @discardableResult
  public static func write(
    to path: String, manifest: Manifest, files: [String: Data], replacing: Bool
  ) throws -> ModelFolder {
    var manifest = manifest
    manifest.files = files.mapValues { Digest.sha256($0) }
    for name in files.keys { try ModelReader.checkName(name, in: path) }
    let (text, complete) = try ManifestText.encode(manifest)
    let target = try ModelWriter(path, replacing: replacing).write(
      files.merging([ModelFile.manifest: text]) { $1 })
    return ModelFolder(path: target, manifest: complete, files: files)
  }

  /// This model with some files changed or added and all others byte for byte as they are.
  /// - Parameter change: what else changes in the manifest.
  /// - Throws: `FileProblem`, also when the model on disk is no longer the one that was opened.
  @discardableResult
  public func update(
    files changed: [String: Data], _ change: (inout Manifest) throws -> Void = { _ in }
  ) throws -> ModelFolder {
    try checkChangeable()
    let onDisk = try PosixFile(reading: path + "/" + ModelFile.manifest)
      .readAll(limit: ModelReader.manifestLimit)
    guard try ManifestText.decode(onDisk, path: path).digest == manifest.digest else {
      throw FileProblem(
        path: path, reason: "the model was changed by somebody else meanwhile; try again")
    }
    var manifest = manifest
    try change(&manifest)
    return try ModelFolder.write(
      to: path, manifest: manifest, files: files.merging(changed) { $1 }, replacing: true)
  }

  /// Refuses what `update` cannot change, before any work is done for it.
  public func checkChangeable() throws {
    guard FilePath.isFolder(path) else {
      throw FileProblem(
        path: path, reason: "a zipped model cannot be changed; unpack it and name the folder")
    }
    // The new model is written beside the old one and takes its place.
    let parent = FilePath.parent(FilePath.resolved(path) ?? path)
    guard access(parent, W_OK) == 0 else {
      throw FileProblem.system(path, "cannot be replaced in \(parent)", code: errno)
    }
  }

  /// Refuses a place where no model may be written, before any work is done for it.
  public static func checkPlace(_ path: String, replacing: Bool) throws {
    _ = try ModelWriter(path, replacing: replacing)
  }

  /// This model with a new calibration; what the old one decided by is kept in the manifest.
  /// - Parameters:
  ///   - files: other files that change with it, such as the page that shows the thresholds.
  ///   - date: when; it goes into the manifest.
  /// - Throws: `FileProblem`, also when the model's own calibration cannot be read.
  @discardableResult
  public func replacingCalibration(
    _ calibration: Calibration, files changed: [String: Data] = [:], date: Date = Date()
  ) throws -> ModelFolder {
    let old = contains(ModelFile.calibration) ? try self.calibration() : nil
    let new = [ModelFile.calibration: try calibration.json()]
    return try update(files: changed.merging(new) { $1 }) { manifest in
      guard let old else { return }
      manifest.previousCalibrations.append(
        Manifest.PreviousCalibration(replaced: date.formatted(.iso8601), old))
    }
  }
}

extension ModelFolder {
  /// The model's calibration.
  /// - Throws: `FileProblem` that names the file when the model has none or it cannot be read.
  public func calibration() throws -> Calibration {
    let json = try data(ModelFile.calibration)
    do {
      return try Calibration(json: json)
    } catch let error as CalibrationError {
      throw FileProblem(path: "\(path)/\(ModelFile.calibration)", reason: "\(error)")
    }
  }
}

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
