import Foundation

/// The safetensors format: a JSON header that names each tensor's type, shape and place, then the
/// bytes. Nothing in it can run.
public enum SafeTensors {
  /// A header larger than this is refused, as the reference implementation does.
  static let headerLimit = 100_000_000

  /// Every tensor of the file at `path`, and the header's metadata.
  /// - Throws: ``WeightsFileError`` when the file cannot be read or is damaged.
  public static func read(
    _ path: String
  ) throws -> (metadata: [String: String], tensors: [String: WeightTensor]) {
    try read(WeightsFile.bytes(path), name: path)
  }

  /// As ``read(_:)``, from bytes; `name` is what errors call them.
  public static func read(
    _ data: Data, name: String = "safetensors data"
  ) throws -> (metadata: [String: String], tensors: [String: WeightTensor]) {
    let file = try SafeTensorsFile(data, name: name)
    return (file.metadata, try file.tensors())
  }

  /// A safetensors file of 32-bit floats. The same content gives the same bytes: names are in order.
  /// - Throws: ``WeightsFileError`` when a tensor's values do not fill its shape.
  public static func write(
    _ tensors: [String: WeightTensor], metadata: [String: String] = [:]
  ) throws -> Data {
    var header: [String: SafeTensorsHeader.Item] = [:]
    var offset = 0
    let names = tensors.keys.sorted()
    for name in names {
      guard let tensor = tensors[name] else { continue }
      guard WeightTensor.elementCount(tensor.shape) == tensor.values.count else {
        throw WeightsFileError(
          file: "safetensors data",
          reason: "'\(name)' has \(tensor.values.count) values for the shape \(tensor.shape)")
      }
      let end = offset + tensor.values.count * 4
      header[name] = .tensor(.init(dtype: "F32", shape: tensor.shape, offsets: [offset, end]))
      offset = end
    }
    if !metadata.isEmpty { header[SafeTensorsHeader.metadataKey] = .metadata(metadata) }

    var json = try SafeTensorsHeader.encode(header)
    // Spaces at the end of the header make the tensors begin at a multiple of 8 bytes.
    json.append(Data(repeating: UInt8(ascii: " "), count: (8 - json.count % 8) % 8))
    var data = Data(capacity: 8 + json.count + offset)
    withUnsafeBytes(of: UInt64(json.count).littleEndian) { data.append(contentsOf: $0) }
    data.append(json)
    for name in names {
      tensors[name]?.values.withUnsafeBytes { data.append(contentsOf: $0) }
    }
    return data
  }
}

/// An opened safetensors file whose tensors are read one at a time, for files larger than what is
/// wanted of them.
public struct SafeTensorsFile: Sendable {
  public let metadata: [String: String]
  /// The tensors' names, sorted.
  public let names: [String]

  private let data: Data
  private let name: String
  private let entries: [String: SafeTensorsHeader.Entry]

  /// - Throws: ``WeightsFileError`` when the file cannot be read or its header is damaged.
  public init(path: String) throws { try self.init(WeightsFile.bytes(path), name: path) }

  /// - Throws: ``WeightsFileError`` when the header is damaged: every tensor is checked against the
  ///   size of `data` here, before any is read.
  public init(_ data: Data, name: String = "safetensors data") throws {
    let header = try SafeTensorsHeader(data, name: name)
    metadata = header.metadata
    names = header.entries.keys.sorted()
    entries = header.entries
    (self.data, self.name) = (data, name)
  }

  /// The shape of a tensor, without reading it; `nil` when there is none of that name.
  public func shape(_ tensor: String) -> [Int]? { entries[tensor]?.shape }

  /// - Throws: ``WeightsFileError`` when there is no tensor of that name, or it has a type that is
  ///   not read.
  public func tensor(_ tensor: String) throws -> WeightTensor {
    guard let entry = entries[tensor] else {
      throw WeightsFileError(file: name, reason: "it has no tensor '\(tensor)'")
    }
    guard let type = entry.type else {
      throw WeightsFileError(
        file: name,
        reason: "'\(tensor)' is of the type \(entry.typeName), which Norma does not read")
    }
    let values = data.withUnsafeBytes { bytes in
      type.floats(UnsafeRawBufferPointer(rebasing: bytes[entry.range]))
    }
    return WeightTensor(shape: entry.shape, values: values)
  }

  /// The bytes of a tensor of unsigned 8-bit numbers, as they lie in the file.
  /// - Throws: ``WeightsFileError`` when there is no such tensor, or it is of another type.
  package func octets(_ tensor: String) throws -> Data {
    guard let entry = entries[tensor], entry.type == .uint8 else {
      let found = entries[tensor].map { "of the type \($0.typeName)" } ?? "missing"
      throw WeightsFileError(file: name, reason: "'\(tensor)' is \(found); U8 is expected")
    }
    let start = data.startIndex
    return data[start + entry.range.lowerBound..<start + entry.range.upperBound]
  }

  /// Every tensor. Throws as ``tensor(_:)`` does.
  public func tensors() throws -> [String: WeightTensor] {
    var result: [String: WeightTensor] = [:]
    for name in names { result[name] = try tensor(name) }
    return result
  }
}
