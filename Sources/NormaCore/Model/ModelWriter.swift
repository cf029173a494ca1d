import Foundation
import NormaFiles

/// Puts a folder of files in place as one step.
struct ModelWriter {
  private let target: String
  private let exists: Bool

  /// - Throws: `FileProblem` when something is there that may not be replaced.
  init(_ path: String, replacing: Bool) throws {
    let named = FilePath.absolute(path)
    target = FilePath.resolved(named) ?? named
    if let old = ModelWriter.interruptedReplacement(of: target), !FilePath.exists(target) {
      rename(old, target)
    }
    exists = FilePath.exists(target)
    guard exists else { return }
    guard FilePath.isFolder(target) else {
      throw FileProblem(path: path, reason: "there is a file of this name; choose another name")
    }
    let isModel = ModelFolder.isModel(target)
    let isEmpty = try FolderListing(target).isEmpty
    guard isModel || isEmpty else {
      throw FileProblem(
        path: path,
        reason: "the folder exists and is not a model, so it is left alone; choose another name")
    }
    guard replacing || isEmpty else {
      throw FileProblem(
        path: path, reason: "a model exists there; choose another name, or replace it with --force")
    }
  }

  /// - Returns: the path that was written.
  func write(_ files: [String: Data]) throws -> String {
    try FilePath.createFolder(FilePath.parent(target))
    let scratch = try Scratch(folderFor: target)
    do {
      try fill(scratch.path, files)
      FaultPoint.pass()
      try put(scratch.path)
      FaultPoint.pass()
    } catch {
      Scratch.remove(scratch.path)
      throw error
    }
    try AtomicFile.synchronizeFolder(FilePath.parent(target))
    FaultPoint.pass()
    // After an exchange this is the old model.
    if FilePath.exists(scratch.path) { Scratch.remove(scratch.path) }
    return target
  }

  private func fill(_ folder: String, _ files: [String: Data]) throws {
    var folders: Set<String> = [folder]
    for (name, data) in files.sorted(by: { $0.key < $1.key }) {
      do {
        let path = folder + "/" + name
        try FilePath.createFolder(FilePath.parent(path))
        folders.insert(FilePath.parent(path))
        let file = try PosixFile(creating: path)
        try file.write(data)
        FaultPoint.pass()
        try file.synchronize()
      } catch let problem as FileProblem {
        throw FileProblem(path: "\(target)/\(name)", reason: problem.reason)
      }
    }
    for folder in folders { try AtomicFile.synchronizeFolder(folder) }
  }

  private func put(_ folder: String) throws {
    guard exists else {
      guard rename(folder, target) == 0 else {
        throw FileProblem.system(target, "cannot be written", code: errno)
      }
      return
    }
    let refusal = ModelWriter.exchange(folder, target)
    switch refusal {
    case 0: return
    case EINVAL, ENOSYS, ENOTSUP: try replaceInTwoSteps(folder)
    default: throw FileProblem.system(target, "cannot be replaced", code: refusal)
    }
  }

  /// Swaps two folders in one step; returns 0 or the error number.
  private static func exchange(_ first: String, _ second: String) -> Int32 {
    #if canImport(Darwin)
      return renamex_np(first, second, UInt32(RENAME_SWAP)) == 0 ? 0 : errno
    #else
      // The C library declares renameat2 only to sources that ask for GNU's extensions, which a
      // Swift import cannot; looked up by name it is there, or the two steps serve.
      typealias Rename =
        @convention(c) (Int32, UnsafePointer<CChar>, Int32, UnsafePointer<CChar>, UInt32) -> Int32
      guard let symbol = dlsym(nil, "renameat2") else { return ENOSYS }
      let exchangeFlag: UInt32 = 2  // RENAME_EXCHANGE of linux/fs.h
      let rename = unsafeBitCast(symbol, to: Rename.self)
      return rename(AT_FDCWD, first, AT_FDCWD, second, exchangeFlag) == 0 ? 0 : errno
    #endif
  }

  /// For file systems without an exchange: between the two renames the old model has another name,
  /// under which `interruptedReplacement` finds it.
  private func replaceInTwoSteps(_ folder: String) throws {
    let aside = ModelWriter.aside(target)
    if FilePath.exists(aside) { Scratch.remove(aside) }
    guard rename(target, aside) == 0 else {
      throw FileProblem.system(target, "cannot be replaced", code: errno)
    }
    FaultPoint.pass()
    guard rename(folder, target) == 0 else {
      let code = errno
      rename(aside, target)
      throw FileProblem.system(target, "cannot be replaced", code: code)
    }
    Scratch.remove(aside)
  }

  private static func aside(_ target: String) -> String {
    "\(FilePath.parent(target))/.\(FilePath.name(target)).previous"
  }

  /// The old model, where a replacement in two steps was cut off between them.
  static func interruptedReplacement(of path: String) -> String? {
    let aside = aside(path)
    return FilePath.exists(aside) ? aside : nil
  }
}

extension FolderListing {
  fileprivate var isEmpty: Bool { folders.isEmpty && files.isEmpty && unreadableNames.isEmpty }
}

extension Manifest {
  /// What a calibration that was replaced decided by. The normal scores behind it are not kept: a
  /// manifest stays small however often a model is calibrated.
  public struct PreviousCalibration: Codable, Sendable, Equatable {
    /// When it was replaced: ISO 8601, in UTC.
    public var replaced: String
    public var status: CalibrationStatus
    public var falseAlarmRate: Double
    public var pixelFalseAlarmRate: Double
    public var shared: Threshold?
    public var categories: [String: Threshold]
    public var pixel: Threshold?
    public var pixelCategories: [String: Threshold]

    public init(replaced: String, _ calibration: Calibration) {
      self.replaced = replaced
      status = calibration.status
      falseAlarmRate = calibration.falseAlarmRate
      pixelFalseAlarmRate = calibration.pixelFalseAlarmRate
      shared = calibration.shared
      categories = calibration.categories
      pixel = calibration.pixel
      pixelCategories = calibration.pixelCategories
    }

    private enum Earlier: String, CodingKey { case calibration }

    /// Early models kept the whole `calibration.json` as a text.
    public init(from decoder: any Decoder) throws {
      let container = try decoder.container(keyedBy: CodingKeys.self)
      replaced = try container.decode(String.self, forKey: .replaced)
      let earlier = try decoder.container(keyedBy: Earlier.self)
      if let text = try earlier.decodeIfPresent(String.self, forKey: .calibration) {
        let calibration = try Calibration(json: Data(text.utf8))
        status = calibration.status
        (falseAlarmRate, pixelFalseAlarmRate) =
          (calibration.falseAlarmRate, calibration.pixelFalseAlarmRate)
        (shared, categories) = (calibration.shared, calibration.categories)
        (pixel, pixelCategories) = (calibration.pixel, calibration.pixelCategories)
        return
      }
      status = try container.decode(CalibrationStatus.self, forKey: .status)
      falseAlarmRate = try container.decode(Double.self, forKey: .falseAlarmRate)
      pixelFalseAlarmRate = try container.decode(Double.self, forKey: .pixelFalseAlarmRate)
      shared = try container.decodeIfPresent(Threshold.self, forKey: .shared)
      categories = try container.decode([String: Threshold].self, forKey: .categories)
      pixel = try container.decodeIfPresent(Threshold.self, forKey: .pixel)
      pixelCategories = try container.decode([String: Threshold].self, forKey: .pixelCategories)
    }
  }
}
