import Foundation

/// PyTorch's checkpoints (`.pth`, `.pt`): the zip format and the one before PyTorch 1.6.
///
/// They are pickles, programs that Python runs when it loads them. Norma runs nothing: its own reader
/// (``PickleMachine``) knows the instructions and names that describe tensors, and refuses the rest by
/// name.
public enum TorchCheckpoint {
  /// The tensors of the state dictionary in the file at `path`, which may lie under `state_dict` or
  /// `model`.
  /// - Throws: ``WeightsFileError`` when the file cannot be read, is damaged, wants to run code, or
  ///   holds no state dictionary.
  public static func read(_ path: String) throws -> [String: WeightTensor] {
    try read(WeightsFile.bytes(path), name: path)
  }

  /// As ``read(_:)``, from bytes; `name` is what errors call them.
  public static func read(
    _ data: Data, name: String = "PyTorch checkpoint"
  ) throws -> [String: WeightTensor] {
    if isZip(data) { return try ZippedCheckpoint(data, name: name).tensors() }
    if isLegacy(data) { return try LegacyCheckpoint(data, name: name).tensors() }
    throw WeightsFileError(
      file: name,
      reason: "this is no PyTorch checkpoint: it begins neither as a zip archive nor "
        + "with PyTorch's magic number")
  }

  static func isZip(_ data: Data) -> Bool { ZipArchive.isZip(data) }

  /// A pickle of PyTorch's magic number begins the file.
  static func isLegacy(_ data: Data) -> Bool {
    guard data.first == PickleOpcode.proto.rawValue else { return false }
    let magic: [UInt8] = [0x6C, 0xFC, 0x9C, 0x46, 0xF9, 0x20, 0x6A, 0xA8, 0x50, 0x19]
    let machine = PickleMachine(data.prefix(64), file: "")
    let found = try? machine.run { value in
      if case .bigInteger(let digits) = value { digits == magic } else { false }
    }
    return found?.0 ?? false
  }

  /// The descriptions of the tensors in what a checkpoint's pickle built.
  static func stateDictionary(
    _ root: PickleValue, file: String
  ) throws -> [(name: String, tensor: TorchTensor)] {
    guard case .dictionary(let dictionary) = root else {
      throw WeightsFileError(
        file: file, reason: "it holds no state dictionary; save model.state_dict() in Python")
    }
    // Beside the state dictionary a checkpoint may keep other tensors, such as the best accuracy.
    let nested = ["state_dict", "model"].lazy.compactMap { key in
      if case .dictionary(let inner)? = dictionary[key] { named(inner) } else { nil }
    }
    let tensors = nested.first { !$0.isEmpty } ?? named(dictionary)
    guard !tensors.isEmpty else {
      throw WeightsFileError(
        file: file,
        reason: "it holds no tensors by name, neither directly nor under "
          + "'state_dict' or 'model'")
    }
    return tensors
  }

  private static func named(_ dictionary: PickleDictionary) -> [(name: String, tensor: TorchTensor)]
  {
    dictionary.items.compactMap { item in
      guard case .string(let name) = item.key, case .tensor(let tensor) = item.value else {
        return nil
      }
      return (name, tensor)
    }
  }
}
