import Foundation

/// PyTorch's format since 1.6: a zip archive of one folder with the pickle `data.pkl` and each storage's
/// bytes as `data/<key>`.
struct ZippedCheckpoint {
  private let name: String
  private let archive: ZipArchive
  /// The folder's name with its slash.
  private let folder: String

  init(_ data: Data, name: String) throws {
    self.name = name
    archive = try ZipArchive(data: data, name: name)
    guard
      let pickle = archive.entries.first(where: { $0 == "data.pkl" || $0.hasSuffix("/data.pkl") })
    else {
      throw WeightsFileError(
        file: name, reason: "this zip archive is no PyTorch checkpoint: it has no data.pkl")
    }
    folder = String(pickle.dropLast("data.pkl".count))
    if archive.entries.contains(folder + "constants.pkl") {
      throw WeightsFileError(
        file: name, reason: "this is a TorchScript program; save model.state_dict() instead")
    }
    if archive.entries.contains(folder + "byteorder") {
      let order = try archive.data(folder + "byteorder", limit: 64)
      guard String(decoding: order, as: UTF8.self) == "little" else {
        throw WeightsFileError(
          file: name, reason: "it was saved on a big-endian machine, which Norma does not read")
      }
    }
  }

  func tensors() throws -> [String: WeightTensor] {
    let pickle = try archive.data(folder + "data.pkl", limit: PickleMachine.lengthLimit)
    let machine = PickleMachine(pickle, file: name)
    let (descriptions, _) = try machine.run { root in
      try TorchCheckpoint.stateDictionary(root, file: name)
    }
    var reader = TorchTensorReader(file: name) { storage in try bytes(of: storage) }
    return try reader.read(descriptions)
  }

  private func bytes(of storage: TorchStorage) throws -> Data {
    let entry = folder + "data/" + storage.key
    let (expected, overflow) = storage.count.multipliedReportingOverflow(by: storage.type.width)
    guard !overflow, archive.size(entry) == expected else {
      throw WeightsFileError(
        file: name,
        reason: "its file '\(entry)' should have \(storage.count) elements of "
          + "\(storage.type.width) bytes, but "
          + (archive.size(entry).map { "has \($0) bytes" } ?? "is missing"))
    }
    return try archive.data(entry, limit: expected)
  }
}
