/// What a pickle may build in Norma's hands: plain data, and descriptions of tensors.
indirect enum PickleValue {
  case none
  case bool(Bool)
  case integer(Int)
  /// An integer of more than 8 bytes, little-endian; only the legacy format's magic number is one.
  case bigInteger([UInt8])
  case float(Double)
  case string(String)
  case bytes([UInt8])
  case tuple(PickleTuple)
  case list(PickleList)
  case dictionary(PickleDictionary)
  case global(PickleGlobal)
  case storage(TorchStorage)
  case tensor(TorchTensor)
}

struct PickleTuple {
  var items: [PickleValue]
  /// Tuples within tuples. Bounded, because Swift frees nested values recursively.
  var depth: Int
}

/// Lists and dictionaries have identity: a pickle puts one into its memo and fills it later.
final class PickleList {
  var items: [PickleValue] = []
}

final class PickleDictionary {
  var items: [(key: PickleValue, value: PickleValue)] = []

  /// The value of the text `key`; the last one counts, as in Python.
  subscript(key: String) -> PickleValue? {
    items.last { item in
      if case .string(key) = item.key { true } else { false }
    }?.value
  }
}

/// A contiguous run of elements in the checkpoint.
struct TorchStorage {
  var type: ElementType
  var key: String
  /// In elements.
  var count: Int
}

/// A view on a storage.
struct TorchTensor {
  var storage: TorchStorage
  /// In elements.
  var offset: Int
  var shape: [Int]
  var strides: [Int]
}
