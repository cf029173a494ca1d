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

/// A named tensor's content, whatever file it came from: 32-bit floats, row-major.
public struct WeightTensor: Sendable, Equatable {
  /// Sizes, outermost first; empty for a single number.
  public var shape: [Int]
  /// As many values as the product of `shape`.
  public var values: [Float]

  public init(shape: [Int], values: [Float]) {
    (self.shape, self.values) = (shape, values)
  }

  /// The product of `shape`, or `nil` when a size is negative or the product of all but the zeros is
  /// too large to count: a file's header may claim anything.
  static func elementCount(_ shape: [Int]) -> Int? {
    var count = 1
    for size in shape {
      let (product, overflow) = count.multipliedReportingOverflow(by: max(size, 1))
      guard size >= 0, !overflow else { return nil }
      count = product
    }
    return shape.contains(0) ? 0 : count
  }
}

/// What the elements of a stored tensor are. All are read into 32-bit floats; integers beyond 2²⁴ and
/// 64-bit floats are rounded.
package enum StoredType: String, Sendable {
  case float64 = "F64"
  case float32 = "F32"
  case float16 = "F16"
  case bfloat16 = "BF16"
  case int64 = "I64"
  case int32 = "I32"
  case int16 = "I16"
  case int8 = "I8"
  case uint64 = "U64"
  case uint32 = "U32"
  case uint16 = "U16"
  case uint8 = "U8"
  case bool = "BOOL"

  /// Bytes per element.
  package var width: Int {
    switch self {
    case .float64, .int64, .uint64: 8
    case .float32, .int32, .uint32: 4
    case .float16, .bfloat16, .int16, .uint16: 2
    case .int8, .uint8, .bool: 1
    }
  }

  /// All elements of `bytes` (little-endian, of any alignment; a rest shorter than one is left out).
  func floats(_ bytes: UnsafeRawBufferPointer) -> [Float] {
    switch self {
    case .float32: copied(bytes)
    case .float64: converted(bytes, UInt64.self) { Float(Double(bitPattern: $0)) }
    case .float16: converted(bytes, UInt16.self, Self.half)
    case .bfloat16: converted(bytes, UInt16.self) { Float(bitPattern: UInt32($0) << 16) }
    case .int64: converted(bytes, UInt64.self) { Float(Int64(bitPattern: $0)) }
    case .int32: converted(bytes, UInt32.self) { Float(Int32(bitPattern: $0)) }
    case .int16: converted(bytes, UInt16.self) { Float(Int16(bitPattern: $0)) }
    case .int8: converted(bytes, UInt8.self) { Float(Int8(bitPattern: $0)) }
    case .uint64: converted(bytes, UInt64.self) { Float($0) }
    case .uint32: converted(bytes, UInt32.self) { Float($0) }
    case .uint16: converted(bytes, UInt16.self) { Float($0) }
    case .uint8: converted(bytes, UInt8.self) { Float($0) }
    case .bool: converted(bytes, UInt8.self) { $0 == 0 ? 0 : 1 }
    }
  }

  /// 32-bit floats lie in the file as they do in memory: one copy, no loop.
  private func copied(_ bytes: UnsafeRawBufferPointer) -> [Float] {
    let count = bytes.count / 4
    return [Float](unsafeUninitializedCapacity: count) { buffer, initialized in
      UnsafeMutableRawBufferPointer(buffer).copyMemory(
        from: UnsafeRawBufferPointer(rebasing: bytes.prefix(count * 4)))
      initialized = count
    }
  }

  private func converted<Stored: FixedWidthInteger>(
    _ bytes: UnsafeRawBufferPointer, _: Stored.Type, _ convert: (Stored) -> Float
  ) -> [Float] {
    let width = MemoryLayout<Stored>.size
    let count = bytes.count / width
    return [Float](unsafeUninitializedCapacity: count) { buffer, initialized in
      for index in 0..<count {
        let stored = bytes.loadUnaligned(fromByteOffset: index * width, as: Stored.self)
        buffer.initializeElement(at: index, to: convert(Stored(littleEndian: stored)))
      }
      initialized = count
    }
  }

  /// IEEE 754 half precision, by its bits: `Float16` does not exist on every platform Norma builds on.
  private static func half(_ bits: UInt16) -> Float {
    let sign = UInt32(bits & 0x8000) << 16
    let exponent = UInt32(bits >> 10) & 0x1F
    let fraction = UInt32(bits & 0x3FF)
    switch exponent {
    case 0:
      // Subnormal: fraction · 2⁻²⁴, exact in 32 bits.
      let magnitude = Float(fraction) * 0x1p-24
      return Float(bitPattern: sign | magnitude.bitPattern)
    case 0x1F: return Float(bitPattern: sign | 0x7F80_0000 | fraction << 13)
    default: return Float(bitPattern: sign | (exponent + 112) << 23 | fraction << 13)
    }
  }
}

/// A weights file that cannot be read, or whose content is not what was asked for.
public struct WeightsFileError: Error, CustomStringConvertible, Sendable, Equatable {
  public let file: String
  public let reason: String

  public init(file: String, reason: String) { (self.file, self.reason) = (file, reason) }

  public var description: String { "\(file): \(reason)" }
}
