import Foundation

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
