import Foundation

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
  var type: StoredType
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

/// The names of Python objects that a checkpoint may mention. Each stands for a piece of data; none is
/// ever looked up or called.
enum PickleGlobal: Equatable {
  case orderedDictionary
  case rebuildTensor
  case rebuildParameter
  case size
  case storageType(StoredType)

  /// - Returns: `nil` for every name that is not on this list.
  init?(module: String, name: String) {
    switch (module, name) {
    case ("collections", "OrderedDict"): self = .orderedDictionary
    case ("torch._utils", "_rebuild_tensor_v2"), ("torch._utils", "_rebuild_tensor"):
      self = .rebuildTensor
    case ("torch._utils", "_rebuild_parameter"): self = .rebuildParameter
    case ("torch", "Size"): self = .size
    case ("torch", _), ("torch.cuda", _):
      guard let type = Self.storageTypes[name] else { return nil }
      self = .storageType(type)
    default: return nil
    }
  }

  private static let storageTypes: [String: StoredType] = [
    "DoubleStorage": .float64, "FloatStorage": .float32, "HalfStorage": .float16,
    "BFloat16Storage": .bfloat16, "LongStorage": .int64, "IntStorage": .int32,
    "ShortStorage": .int16, "CharStorage": .int8, "ByteStorage": .uint8, "BoolStorage": .bool,
  ]
}

/// The instructions of Python's pickle format that a checkpoint needs. The rest is refused by name.
enum PickleOpcode: UInt8 {
  case proto = 0x80
  case frame = 0x95
  case stop = 0x2E  // .
  case mark = 0x28  // (
  case pop = 0x30  // 0
  case popMark = 0x31  // 1

  case none = 0x4E  // N
  case newTrue = 0x88
  case newFalse = 0x89
  case binInt = 0x4A  // J
  case binInt1 = 0x4B  // K
  case binInt2 = 0x4D  // M
  case long1 = 0x8A
  case binFloat = 0x47  // G
  case binUnicode = 0x58  // X
  case shortBinUnicode = 0x8C
  case binUnicode8 = 0x8D
  case binString = 0x54  // T
  case shortBinString = 0x55  // U
  case binBytes = 0x42  // B
  case shortBinBytes = 0x43  // C

  case emptyList = 0x5D  // ]
  case emptyTuple = 0x29  // )
  case emptyDict = 0x7D  // }
  case tuple = 0x74  // t
  case tuple1 = 0x85
  case tuple2 = 0x86
  case tuple3 = 0x87
  case append = 0x61  // a
  case appends = 0x65  // e
  case setItem = 0x73  // s
  case setItems = 0x75  // u

  case binPut = 0x71  // q
  case longBinPut = 0x72  // r
  case memoize = 0x94
  case binGet = 0x68  // h
  case longBinGet = 0x6A  // j

  case global = 0x63  // c
  case stackGlobal = 0x93
  case reduce = 0x52  // R
  case build = 0x62  // b
  case binPersistentID = 0x51  // Q

  /// What an error calls an instruction that is not among these.
  static func name(_ byte: UInt8) -> String {
    let hexadecimal = "0x" + String(byte, radix: 16)
    return refused[byte].map { "\($0) (\(hexadecimal))" } ?? hexadecimal
  }

  private static let refused: [UInt8: String] = [
    0x69: "INST", 0x6F: "OBJ", 0x81: "NEWOBJ", 0x92: "NEWOBJ_EX", 0x82: "EXT1", 0x83: "EXT2",
    0x84: "EXT4", 0x50: "PERSID", 0x49: "INT", 0x4C: "LONG", 0x46: "FLOAT", 0x53: "STRING",
    0x56: "UNICODE", 0x67: "GET", 0x70: "PUT", 0x6C: "LIST", 0x64: "DICT", 0x32: "DUP",
    0x8B: "LONG4", 0x8E: "BINBYTES8", 0x8F: "EMPTY_SET", 0x90: "ADDITEMS", 0x91: "FROZENSET",
    0x96: "BYTEARRAY8", 0x97: "NEXT_BUFFER", 0x98: "READONLY_BUFFER",
  ]
}

/// Reads little-endian values from bytes in order and never past their end.
struct ByteCursor {
  /// From the start of `data`.
  private(set) var offset: Int
  private let data: Data
  private let end: Int

  /// Begins at `offset` and ends with the data, or after `limit` bytes.
  init(_ data: Data, offset: Int = 0, limit: Int = .max) {
    self.data = data
    self.offset = min(offset, data.count)
    end = self.offset + min(limit, data.count - self.offset)
  }

  var remaining: Int { end - offset }

  /// The next `count` bytes; `nil` when there are not as many.
  mutating func take(_ count: Int) -> Data? {
    guard count >= 0, count <= remaining else { return nil }
    defer { offset += count }
    let start = data.startIndex + offset
    return data[start..<(start + count)]
  }

  mutating func byte() -> UInt8? { take(1)?.first }

  /// An unsigned integer of `width` bytes, at most 8; `nil` too when it does not fit into `Int`.
  mutating func integer(width: Int) -> Int? {
    guard let bytes = take(width) else { return nil }
    return Int(exactly: bytes.reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) })
  }

  /// The bytes up to the next line feed, which is passed over.
  mutating func line(limit: Int) -> Data? {
    let start = data.startIndex + offset
    let window = data[start..<(start + min(limit, remaining))]
    guard let feed = window.firstIndex(of: UInt8(ascii: "\n")) else { return nil }
    offset += feed - start + 1
    return data[start..<feed]
  }
}
