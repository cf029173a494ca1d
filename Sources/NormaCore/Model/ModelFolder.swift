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
