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

/// PyTorch's format before 1.6: pickles of a magic number, a version, the machine's properties, the
/// state dictionary and the storages' keys, one after the other; then each storage, an element count
/// of 8 bytes and the elements.
struct LegacyCheckpoint {
  private let name: String
  private let data: Data

  init(_ data: Data, name: String) { (self.data, self.name) = (data, name) }

  func tensors() throws -> [String: WeightTensor] {
    let (_, afterMagic) = try pickle(at: 0) { _ in }
    let (_, afterVersion) = try pickle(at: afterMagic) { value in
      guard case .integer(1001) = value else {
        throw problem("its format is of another version than 1001")
      }
    }
    let (_, afterMachine) = try pickle(at: afterVersion) { value in
      guard case .dictionary(let machine) = value, case .bool(true)? = machine["little_endian"]
      else { throw problem("it was saved on a big-endian machine, which Norma does not read") }
    }
    let machine = PickleMachine(data, offset: afterMachine, file: name)
    let (descriptions, afterTensors) = try machine.run { root in
      try TorchCheckpoint.stateDictionary(root, file: name)
    }
    let (keys, afterKeys) = try pickle(at: afterTensors, storageKeys)
    let places = try places(keys, storages: machine.storages, from: afterKeys)
    var reader = TorchTensorReader(file: name) { storage in try bytes(of: storage, in: places) }
    return try reader.read(descriptions)
  }

  private func pickle<Result>(
    at offset: Int, _ body: (PickleValue) throws -> Result
  ) throws -> (Result, end: Int) {
    try PickleMachine(data, offset: offset, file: name).run(body)
  }

  private func storageKeys(_ value: PickleValue) throws -> [String] {
    guard case .list(let list) = value else { throw problem("the list of its storages is missing") }
    return try list.items.map { item in
      guard case .string(let key) = item else { throw problem("a storage's key is no text") }
      return key
    }
  }

  /// Where each storage's elements lie.
  private func places(
    _ keys: [String], storages: [String: TorchStorage], from start: Int
  ) throws -> [String: Range<Int>] {
    var places: [String: Range<Int>] = [:]
    var cursor = ByteCursor(data, offset: start)
    for key in keys {
      guard let width = storages[key]?.type.width else {
        throw problem("it has a storage '\(key)' that no tensor uses")
      }
      guard let count = cursor.integer(width: 8), let bytes = multiplied(count, width),
        cursor.take(bytes) != nil
      else { throw problem("it is cut short within the storage '\(key)'") }
      places[key] = (cursor.offset - bytes)..<cursor.offset
    }
    return places
  }

  private func bytes(of storage: TorchStorage, in places: [String: Range<Int>]) throws -> Data {
    guard let place = places[storage.key] else {
      throw problem("its storage '\(storage.key)' is missing")
    }
    guard multiplied(storage.count, storage.type.width) == place.count else {
      throw problem(
        "its storage '\(storage.key)' should have \(storage.count) elements of "
          + "\(storage.type.width) bytes, but has \(place.count) bytes")
    }
    return data.dropFirst(place.lowerBound).prefix(place.count)
  }

  private func multiplied(_ count: Int, _ width: Int) -> Int? {
    let (product, overflow) = count.multipliedReportingOverflow(by: width)
    return overflow ? nil : product
  }

  private func problem(_ reason: String) -> WeightsFileError {
    WeightsFileError(file: name, reason: reason)
  }
}

/// Turns descriptions of tensors into values, within bounds that an honest file never meets: a
/// description is short, and what it describes may be as large as it likes.
struct TorchTensorReader {
  /// 4 GiB of values.
  static let elementLimit = 1 << 30

  private let file: String
  /// The bytes of a storage.
  private let bytes: (TorchStorage) throws -> Data
  private var elements = 0
  private var last: (storage: TorchStorage, data: Data)?

  init(file: String, bytes: @escaping (TorchStorage) throws -> Data) {
    (self.file, self.bytes) = (file, bytes)
  }

  mutating func read(
    _ tensors: [(name: String, tensor: TorchTensor)]
  ) throws -> [String: WeightTensor] {
    var result: [String: WeightTensor] = [:]
    for (name, tensor) in tensors { result[name] = try read(tensor, name: name) }
    return result
  }

  private mutating func read(_ tensor: TorchTensor, name: String) throws -> WeightTensor {
    let count = try checkedCount(tensor, name: name)
    let data = try storageData(tensor.storage)
    let width = tensor.storage.type.width
    // The part of the storage from the tensor's first element to its last.
    let span = count == 0 ? 0 : (tensor.lastElement ?? 0) - tensor.offset + 1
    let isContiguous = tensor.isContiguous
    if !isContiguous { try charge(span) }
    let stored = data.withUnsafeBytes { bytes in
      let range = (tensor.offset * width)..<((tensor.offset + span) * width)
      return tensor.storage.type.floats(UnsafeRawBufferPointer(rebasing: bytes[range]))
    }
    return WeightTensor(
      shape: tensor.shape, values: isContiguous ? stored : tensor.gathered(from: stored))
  }

  /// The tensor's number of elements, once it is certain that all lie within its storage.
  private mutating func checkedCount(_ tensor: TorchTensor, name: String) throws -> Int {
    func refuse(_ reason: String) -> WeightsFileError {
      WeightsFileError(file: file, reason: "tensor '\(name)' \(reason)")
    }
    guard let count = WeightTensor.elementCount(tensor.shape), count <= tensor.storage.count else {
      throw refuse(
        "of the shape \(tensor.shape) is larger than its storage of \(tensor.storage.count)")
    }
    guard count == 0 || tensor.lastElement.map({ $0 < tensor.storage.count }) ?? false,
      tensor.offset <= tensor.storage.count
    else {
      throw refuse(
        "of the shape \(tensor.shape), strides \(tensor.strides) and offset \(tensor.offset) "
          + "reaches beyond its storage of \(tensor.storage.count) elements")
    }
    try charge(count)
    return count
  }

  private mutating func storageData(_ storage: TorchStorage) throws -> Data {
    if let last, last.storage.key == storage.key, last.storage.type == storage.type,
      last.storage.count == storage.count
    {
      return last.data
    }
    try charge(storage.count)
    let data = try bytes(storage)
    last = (storage, data)
    return data
  }

  private mutating func charge(_ count: Int) throws {
    guard count <= Self.elementLimit - elements else {
      throw WeightsFileError(
        file: file, reason: "its tensors are larger than 4 GiB together, far more than any backbone"
      )
    }
    elements += count
  }
}

extension TorchTensor {
  var isContiguous: Bool {
    if shape.contains(0) { return true }
    var expected = 1
    for (size, stride) in zip(shape, strides).reversed() where size != 1 {
      guard stride == expected else { return false }
      expected *= size
    }
    return true
  }

  /// The largest index into the storage, or `nil` when it overflows.
  var lastElement: Int? {
    var last = offset
    for (size, stride) in zip(shape, strides) {
      let (step, overflow) = max(0, size - 1).multipliedReportingOverflow(by: stride)
      let (sum, sumOverflow) = last.addingReportingOverflow(step)
      guard !overflow, !sumOverflow else { return nil }
      last = sum
    }
    return last
  }

  /// The elements in row-major order, out of those from the first to the last in the storage.
  func gathered(from stored: [Float]) -> [Float] {
    let count = shape.reduce(1, *)
    // Of an axis of one element the stride says nothing, and may be any number.
    let strides = zip(shape, strides).map { $0 > 1 ? $1 : 0 }
    var result: [Float] = []
    result.reserveCapacity(count)
    var place = [Int](repeating: 0, count: shape.count)
    var source = 0
    while result.count < count {
      result.append(stored[source])
      var axis = shape.count - 1
      while axis >= 0 {
        place[axis] += 1
        source += strides[axis]
        if place[axis] < shape[axis] { break }
        source -= place[axis] * strides[axis]
        place[axis] = 0
        axis -= 1
      }
    }
    return result
  }
}
