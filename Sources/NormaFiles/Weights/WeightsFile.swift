import Foundation

/// A file of weights in any format that Norma reads, told apart by its content: safetensors, or a
/// PyTorch checkpoint (zip archive, or the format before PyTorch 1.6).
public enum WeightsFile {
  /// What a weights file holds.
  public struct Content: Sendable {
    /// `safetensors`, `PyTorch` or `PyTorch (before 1.6)`.
    public var format: String
    /// safetensors' metadata; empty for PyTorch's formats.
    public var metadata: [String: String]
    public var tensors: [String: WeightTensor]
  }

  /// - Throws: ``WeightsFileError`` when the file cannot be read, is of another format, damaged, or
  ///   a PyTorch checkpoint that wants to run code.
  public static func read(_ path: String) throws -> Content {
    try read(bytes(path), name: path)
  }

  /// As ``read(_:)``, from bytes that were read (and hashed) already.
  public static func read(_ data: Data, name: String) throws -> Content {
    if TorchCheckpoint.isZip(data) {
      return Content(
        format: "PyTorch", metadata: [:], tensors: try TorchCheckpoint.read(data, name: name))
    }
    if TorchCheckpoint.isLegacy(data) {
      return Content(
        format: "PyTorch (before 1.6)", metadata: [:],
        tensors: try TorchCheckpoint.read(data, name: name))
    }
    // The ninth byte, where the header's JSON begins.
    if data.dropFirst(8).first == UInt8(ascii: "{") {
      let (metadata, tensors) = try SafeTensors.read(data, name: name)
      return Content(format: "safetensors", metadata: metadata, tensors: tensors)
    }
    throw WeightsFileError(file: name, reason: whatItIs(data))
  }

  /// The file's bytes, memory-mapped where that is safe. Mapped bytes change when somebody writes
  /// into the file; what is hashed and used must be `mapped: false`.
  package static func bytes(_ path: String, mapped: Bool = true) throws -> Data {
    do {
      return try Data(
        contentsOf: URL(fileURLWithPath: path), options: mapped ? .mappedIfSafe : [])
    } catch {
      var isFolder: ObjCBool = false
      let exists = FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
      throw WeightsFileError(
        file: path,
        reason: isFolder.boolValue
          ? "this is a folder; a file of weights is needed"
          : exists ? "it cannot be read (\(error.localizedDescription))" : "there is no such file")
    }
  }

  private static func whatItIs(_ data: Data) -> String {
    let readable = "safetensors and PyTorch checkpoints (.pth, .pt) are read"
    if data.isEmpty { return "the file is empty; \(readable)" }
    let head = String(decoding: data.prefix(256), as: UTF8.self)
    if head.hasPrefix("version https://git-lfs") {
      return "this is a Git LFS pointer, not the weights: fetch them with 'git lfs pull'"
    }
    if head.drop(while: \.isWhitespace).hasPrefix("<") {
      return "this is a web page, not weights: the download went wrong"
    }
    return "the format is not known: \(readable)"
  }
}
