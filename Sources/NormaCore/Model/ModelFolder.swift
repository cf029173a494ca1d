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
  /// What the pictures that it was trained on are recognised by: ``TrainingPictures``.
  public static let trainingPictures = "training-pictures.json"
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

  /// How many bytes a model's files may have where nothing else is said: 2 GiB.
  public static let usualLimit = 2 << 30

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

  /// Opens a model folder, or the same as a zip archive (stored or deflated). A folder that is replaced
  /// while it is read is read again: what is opened is one model, the old or the new.
  /// - Parameter limit: how many bytes all files together may have.
  /// - Throws: `FileProblem` or `ZipProblem` that names the file: missing, not listed in the
  ///   manifest, of other bytes than were written, too large, of a later format.
  public static func open(_ path: String, limit: Int = ModelFolder.usualLimit) throws -> ModelFolder
  {
    let path = FilePath.absolute(path)
    for _ in 0..<20 {
      if let model = try openUnlessReplaced(path, limit) { return model }
      usleep(50_000)
    }
    // Still in motion after a second: what is wrong now is said as it is.
    return try openOnce(path, limit)
  }

  private static func openOnce(_ path: String, _ limit: Int) throws -> ModelFolder {
    guard FilePath.exists(path) else {
      let lost = ModelWriter.interruptedReplacement(of: path)
      let hint = lost.map { "; an interrupted replacement left the model at \($0)" } ?? ""
      throw FileProblem(path: path, reason: "there is no such model" + hint)
    }
    if FilePath.isFolder(path) { return try ModelReader(ModelSource.folder(path), limit).read() }
    return try ModelReader(ModelSource.zip(path, limit: limit), limit).read()
  }

  /// Nil when the folder was replaced while it was read, or is about to get its name back.
  private static func openUnlessReplaced(_ path: String, _ limit: Int) throws -> ModelFolder? {
    guard FilePath.isFolder(path) else {
      let isBetweenNames =
        !FilePath.exists(path) && ModelWriter.interruptedReplacement(of: path) != nil
      return isBetweenNames ? nil : try openOnce(path, limit)
    }
    // Held open, so that its number is given to no other folder meanwhile.
    guard let folder = try? PosixFile(folder: path) else { return try openOnce(path, limit) }
    do {
      return try openOnce(path, limit)
    } catch {
      guard !folder.isStill(at: path, followingLinks: true) else { throw error }
      return nil
    }
  }

  /// Writes a model folder as one: it is there with all of its files or, if anything goes wrong,
  /// not at all, and a model that was there before stays whole until the new one takes its place. Where
  /// another process is changing that one, its change is waited for, and then replaced.
  /// - Parameters:
  ///   - manifest: its `files` and `digest` are filled in.
  ///   - files: everything else, by path in the folder.
  ///   - replacing: whether a model that is there may be replaced. What is not a model is never.
  /// - Throws: `FileProblem` (exists already, no permission, disk full, …).
  @discardableResult
  public static func write(
    to path: String, manifest: Manifest, files: [String: Data], replacing: Bool
  ) throws -> ModelFolder {
    let lock = replacing ? try? Self.lock(path, waiting: {}) : nil
    defer { withExtendedLifetime(lock) {} }
    return try put(to: path, manifest: manifest, files: files, replacing: replacing)
  }

  /// - Throws: `FileProblem` when there is no such folder, or it may not be opened.
  private static func lock(_ path: String, waiting: () throws -> Void) throws -> FolderLock {
    let path = FilePath.absolute(path)
    let target = FilePath.resolved(path) ?? path
    guard FilePath.isFolder(target) || ModelWriter.interruptedReplacement(of: target) != nil else {
      throw FileProblem(path: path, reason: "there is no such model")
    }
    return try FolderLock.wait(for: target, waiting: waiting)
  }

  /// Refuses a model that could not be opened afterwards.
  /// - Parameter bytes: of all its files together, as far as they are known.
  package static func checkSize(_ bytes: Int, path: String) throws {
    guard bytes > usualLimit else { return }
    throw FileProblem(
      path: path,
      reason: String(format: "the model would have %.1f GiB, ", Double(bytes) / Double(1 << 30))
        + "and at most 2 GiB can be opened; make it smaller: of PatchCore by patchcore.share or "
        + "patchcore.limit, of the others by a narrower network")
  }

  /// The same for whoever has the lock.
  private static func put(
    to path: String, manifest: Manifest, files: [String: Data], replacing: Bool
  ) throws -> ModelFolder {
    var manifest = manifest
    manifest.files = files.mapValues { Digest.sha256($0) }
    for name in files.keys { try ModelReader.checkName(name, in: path) }
    try checkSize(files.values.reduce(0) { $0 + $1.count }, path: path)
    let (text, complete) = try ManifestText.encode(manifest)
    let target = try ModelWriter(path, replacing: replacing).write(
      files.merging([ModelFile.manifest: text]) { $1 })
    return ModelFolder(path: target, manifest: complete, files: files)
  }

  /// What is otherwise in a model than before.
  public struct Change {
    /// Files that are changed or added; all others stay byte for byte as they are.
    public var files: [String: Data]
    /// What else changes in the manifest.
    public var manifest: (inout Manifest) throws -> Void

    public init(
      files: [String: Data] = [:], manifest: @escaping (inout Manifest) throws -> Void = { _ in }
    ) {
      (self.files, self.manifest) = (files, manifest)
    }
  }

  /// This model with some files changed or added and all others byte for byte as they are.
  /// - Parameter change: what else changes in the manifest.
  /// - Throws: `FileProblem`, also when the model on disk is no longer the one that was opened.
  @discardableResult
  public func update(
    files changed: [String: Data], _ change: @escaping (inout Manifest) throws -> Void = { _ in }
  ) throws -> ModelFolder {
    try checkChangeable()
    let lock = try Self.lock(path, waiting: {})
    defer { withExtendedLifetime(lock) {} }
    let onDisk = try PosixFile(reading: path + "/" + ModelFile.manifest)
      .readAll(limit: ModelReader.manifestLimit)
    guard try ManifestText.decode(onDisk, path: path).digest == manifest.digest else {
      throw FileProblem(
        path: path, reason: "the model was changed by somebody else meanwhile; try again")
    }
    return try put(Change(files: changed, manifest: change))
  }

  /// Changes the model as it is on disk now, which others may have changed since it was opened: it is read
  /// again, changed and put in place while nobody else can. So neither of two that calibrate and evaluate at
  /// the same time undoes what the other did.
  /// - Parameters:
  ///   - waiting: called again and again while another process changes the model; what it throws ends the
  ///     wait.
  ///   - change: what is to be otherwise, by the model as it is now.
  /// - Throws: `FileProblem`, also when another network is there now than the one that was opened: what was
  ///   found with the old one says nothing of it.
  @discardableResult
  public func changing(
    waiting: () throws -> Void = {}, _ change: (_ now: ModelFolder) throws -> Change
  ) throws -> ModelFolder {
    try checkChangeable()
    let lock = try Self.lock(path, waiting: waiting)
    defer { withExtendedLifetime(lock) {} }
    let now = try Self.openOnce(path, Self.usualLimit)
    guard now.manifest.computesSame(as: manifest) else {
      throw FileProblem(
        path: path,
        reason: "another model was put in its place meanwhile, so it was left as it is; run the "
          + "command again, on the new one")
    }
    return try now.put(change(now))
  }

  private func put(_ change: Change) throws -> ModelFolder {
    var manifest = manifest
    try change.manifest(&manifest)
    return try Self.put(
      to: path, manifest: manifest, files: files.merging(change.files) { $1 }, replacing: true)
  }

  /// Refuses what cannot be changed, before any work is done for it.
  public func checkChangeable() throws {
    guard FilePath.exists(path) || ModelWriter.interruptedReplacement(of: path) != nil else {
      throw FileProblem(path: path, reason: "there is no such model any more")
    }
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

  /// Whether a folder is a model, damaged perhaps: other programs have a `manifest.json` too.
  package static func isModel(_ folder: String) -> Bool {
    guard
      let text = try? PosixFile(reading: folder + "/" + ModelFile.manifest)
        .readAll(limit: ModelReader.manifestLimit)
    else { return false }
    return ["\"formatVersion\"", "\"weightsDigest\""].allSatisfy {
      text.range(of: Data($0.utf8)) != nil
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
    let change = try replacement(of: calibration, files: changed, date: date)
    return try update(files: change.files, change.manifest)
  }

  /// The same as a change, for ``changing(waiting:_:)``.
  public func replacement(
    of calibration: Calibration, files changed: [String: Data] = [:], date: Date = Date()
  ) throws -> Change {
    let old = contains(ModelFile.calibration) ? try self.calibration() : nil
    let new = [ModelFile.calibration: try calibration.json()]
    return Change(files: changed.merging(new) { $1 }) { manifest in
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
