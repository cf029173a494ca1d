import Foundation

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
