import Foundation

/// Writes pickles byte by byte, honest and hostile ones.
struct PickleBuilder {
  var bytes: [UInt8] = [0x80, 2]

  static let stop: UInt8 = 0x2E

  var data: Data { Data(bytes) }

  func stopped() -> Data { Data(bytes + [Self.stop]) }

  mutating func raw(_ more: UInt8...) { bytes += more }

  mutating func mark() { raw(0x28) }
  mutating func emptyDictionary() { raw(0x7D) }
  mutating func emptyList() { raw(0x5D) }
  mutating func setItem() { raw(0x73) }
  mutating func append() { raw(0x61) }
  /// Everything since the mark becomes a tuple.
  mutating func tuple() { raw(0x74) }
  mutating func call() { raw(0x52) }
  mutating func persistentID() { raw(0x51) }
  mutating func remember(_ index: UInt8) { raw(0x71, index) }
  mutating func recall(_ index: UInt8) { raw(0x68, index) }

  mutating func text(_ text: String) {
    raw(0x58)
    littleEndian(UInt32(text.utf8.count))
    bytes += Array(text.utf8)
  }

  mutating func integer(_ value: Int) {
    if let small = Int32(exactly: value) {
      raw(0x4A)
      littleEndian(UInt32(bitPattern: small))
    } else {
      raw(0x8A, 8)
      littleEndian(UInt64(bitPattern: Int64(value)))
    }
  }

  mutating func integers(_ values: [Int]) {
    mark()
    for value in values { integer(value) }
    tuple()
  }

  mutating func global(_ module: String, _ name: String) {
    bytes += [0x63] + Array("\(module)\n\(name)\n".utf8)
  }

  mutating func storage(_ type: String, key: String, count: Int, legacy: Bool = false) {
    mark()
    text("storage")
    global("torch", type)
    text(key)
    text("cpu")
    integer(count)
    if legacy { raw(0x4E) }
    tuple()
    persistentID()
  }

  /// `torch._utils._rebuild_tensor_v2(storage, offset, shape, strides, False, OrderedDict())`
  mutating func tensor(_ tensor: StoredTensor, legacy: Bool = false) {
    global("torch._utils", "_rebuild_tensor_v2")
    mark()
    storage(tensor.type, key: tensor.key, count: tensor.storageCount, legacy: legacy)
    integer(tensor.offset)
    integers(tensor.shape)
    integers(tensor.strides)
    raw(0x89)
    global("collections", "OrderedDict")
    raw(0x29)
    call()
    tuple()
    call()
  }

  private mutating func littleEndian<Integer: FixedWidthInteger>(_ value: Integer) {
    withUnsafeBytes(of: value.littleEndian) { bytes += Array($0) }
  }
}

/// A tensor as a checkpoint describes it.
struct StoredTensor {
  var name: String
  var type = "FloatStorage"
  var key = "0"
  var storageCount: Int
  var offset = 0
  var shape: [Int]
  var strides: [Int]
}

/// Whole checkpoints made of bytes.
enum CheckpointBuilder {
  /// The pickle of a state dictionary, under `nesting` when that is not nil.
  static func stateDictionary(
    _ tensors: [StoredTensor], nesting: String? = nil, beside: StoredTensor? = nil,
    legacy: Bool = false
  ) -> Data {
    var pickle = PickleBuilder()
    if let nesting {
      pickle.emptyDictionary()
      pickle.text("epoch")
      pickle.integer(7)
      pickle.setItem()
      if let beside {
        pickle.text(beside.name)
        pickle.tensor(beside, legacy: legacy)
        pickle.setItem()
      }
      pickle.text(nesting)
    }
    pickle.global("collections", "OrderedDict")
    pickle.raw(0x29)
    pickle.call()
    for tensor in tensors {
      pickle.text(tensor.name)
      pickle.tensor(tensor, legacy: legacy)
      pickle.setItem()
    }
    if nesting != nil { pickle.setItem() }
    return pickle.stopped()
  }

  /// PyTorch's zip format around a pickle.
  static func zipped(_ pickle: Data, storages: [String: Data]) -> Data {
    var files = [("archive/data.pkl", pickle), ("archive/byteorder", Data("little".utf8))]
    files += storages.sorted { $0.key < $1.key }.map { ("archive/data/\($0.key)", $0.value) }
    return HandmadeZip.stored(files)
  }

  static let magic: [UInt8] = [
    0x80, 2, 0x8A, 10, 0x6C, 0xFC, 0x9C, 0x46, 0xF9, 0x20, 0x6A, 0xA8, 0x50, 0x19, 0x2E,
  ]

  /// The format before PyTorch 1.6 around a pickle. `counts` are the numbers of elements that stand
  /// before the storages' bytes.
  static func legacy(
    _ pickle: Data, storages: [(key: String, count: Int, bytes: Data)], isLittleEndian: Bool = true
  ) -> Data {
    var version = PickleBuilder()
    version.integer(1001)
    var machine = PickleBuilder()
    machine.emptyDictionary()
    machine.text("little_endian")
    machine.raw(isLittleEndian ? 0x88 : 0x89)
    machine.setItem()
    var keys = PickleBuilder()
    keys.emptyList()
    for storage in storages {
      keys.text(storage.key)
      keys.append()
    }
    var file = Data(magic) + version.stopped() + machine.stopped() + pickle + keys.stopped()
    for storage in storages {
      withUnsafeBytes(of: Int64(storage.count).littleEndian) { file.append(contentsOf: $0) }
      file += storage.bytes
    }
    return file
  }

  static func floats(_ values: [Float]) -> Data { values.withUnsafeBytes { Data($0) } }
}
