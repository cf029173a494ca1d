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

/// The header of a safetensors file, checked: every tensor lies within the file, fills exactly its
/// shape, and together they fill the file without gap or overlap, as the format demands.
package struct SafeTensorsHeader {
  package static let metadataKey = "__metadata__"

  struct Entry: Sendable {
    var typeName: String
    /// `nil` for a type that Norma does not read (such tensors are refused when asked for).
    var type: StoredType?
    var shape: [Int]
    /// Bytes within the whole file.
    var range: Range<Int>
  }

  private(set) var metadata: [String: String] = [:]
  private(set) var entries: [String: Entry] = [:]
  private let file: String

  init(_ data: Data, name: String) throws {
    file = name
    let length = try Self.headerLength(data, name: name)
    let start = data.startIndex + 8
    let items: [String: Item]
    do {
      items = try JSONDecoder().decode([String: Item].self, from: data[start..<(start + length)])
    } catch {
      throw WeightsFileError(
        file: name, reason: "its safetensors header is damaged (\(Self.explain(error)))")
    }
    for (key, item) in items {
      switch item {
      case .metadata(let values): metadata = values
      case .tensor(let stored):
        entries[key] = try entry(key, stored, dataStart: 8 + length, fileSize: data.count)
      }
    }
    try checkCoverage(dataStart: 8 + length, fileSize: data.count)
  }

  private static func headerLength(_ data: Data, name: String) throws -> Int {
    guard data.count >= 8 else {
      throw WeightsFileError(
        file: name, reason: "it has \(data.count) bytes, too few for a safetensors file")
    }
    let length = data.withUnsafeBytes {
      UInt64(littleEndian: $0.loadUnaligned(as: UInt64.self))
    }
    guard length <= UInt64(SafeTensors.headerLimit) else {
      throw WeightsFileError(
        file: name,
        reason: "its header would be \(length) bytes long (at most \(SafeTensors.headerLimit) "
          + "are read): it is not a safetensors file, or it is damaged")
    }
    guard Int(length) <= data.count - 8 else {
      throw WeightsFileError(
        file: name,
        reason: "its header should be \(length) bytes long, but only \(data.count - 8) follow: "
          + "the file is cut short")
    }
    return Int(length)
  }

  private func entry(
    _ name: String, _ stored: StoredTensor, dataStart: Int, fileSize: Int
  ) throws -> Entry {
    func refuse(_ reason: String) -> WeightsFileError {
      WeightsFileError(file: file, reason: "tensor '\(name)' \(reason)")
    }
    let available = fileSize - dataStart
    guard stored.offsets.count == 2, stored.offsets[0] >= 0,
      stored.offsets[0] <= stored.offsets[1]
    else { throw refuse("has the offsets \(stored.offsets), which are no range of bytes") }
    let (first, end) = (stored.offsets[0], stored.offsets[1])
    guard end <= available else {
      throw refuse(
        "ends at byte \(end) of the data, but there are \(available): "
          + "the file is cut short")
    }
    let type = StoredType(rawValue: stored.dtype)
    guard let count = WeightTensor.elementCount(stored.shape) else {
      throw refuse("has the impossible shape \(stored.shape)")
    }
    if let type {
      let (bytes, overflow) = count.multipliedReportingOverflow(by: type.width)
      guard !overflow, bytes == end - first else {
        throw refuse(
          "of type \(stored.dtype) and shape \(stored.shape) cannot have "
            + "\(end - first) bytes")
      }
    }
    return Entry(
      typeName: stored.dtype, type: type, shape: stored.shape,
      range: (dataStart + first)..<(dataStart + end))
  }

  private func checkCoverage(dataStart: Int, fileSize: Int) throws {
    let order = entries.sorted {
      ($0.value.range.lowerBound, $0.value.range.upperBound, $0.key)
        < ($1.value.range.lowerBound, $1.value.range.upperBound, $1.key)
    }
    var reached = dataStart
    var previous = "the header"
    for (name, entry) in order {
      guard entry.range.lowerBound >= reached else {
        throw WeightsFileError(
          file: file, reason: "the tensors '\(previous)' and '\(name)' overlap")
      }
      guard entry.range.lowerBound == reached else {
        throw WeightsFileError(
          file: file,
          reason: "\(entry.range.lowerBound - reached) bytes before the tensor '\(name)' belong "
            + "to no tensor")
      }
      (reached, previous) = (entry.range.upperBound, name)
    }
    guard reached == fileSize else {
      throw WeightsFileError(
        file: file, reason: "the last \(fileSize - reached) bytes belong to no tensor")
    }
  }

  private static func explain(_ error: any Error) -> String {
    guard let error = error as? DecodingError else { return "\(error)" }
    switch error {
    case .dataCorrupted: return "it is not JSON"
    case .typeMismatch(_, let context), .valueNotFound(_, let context),
      .keyNotFound(_, let context):
      let path = context.codingPath.map(\.stringValue).joined(separator: ".")
      return path.isEmpty ? context.debugDescription : "at '\(path)': \(context.debugDescription)"
    @unknown default: return "\(error)"
    }
  }
}

extension SafeTensorsHeader {
  /// One tensor as the header has it.
  package struct StoredTensor: Codable {
    package var dtype: String
    package var shape: [Int]
    /// From the end of the header: where the tensor's bytes begin and end.
    package var offsets: [Int]

    package init(dtype: String, shape: [Int], offsets: [Int]) {
      (self.dtype, self.shape, self.offsets) = (dtype, shape, offsets)
    }

    enum CodingKeys: String, CodingKey {
      case dtype, shape
      case offsets = "data_offsets"
    }
  }

  /// A value of the header's dictionary. Which of the two it is, its key says.
  package enum Item: Codable {
    case metadata([String: String])
    case tensor(StoredTensor)

    package init(from decoder: any Decoder) throws {
      if decoder.codingPath.last?.stringValue == SafeTensorsHeader.metadataKey {
        self = .metadata(try [String: String](from: decoder))
      } else {
        self = .tensor(try StoredTensor(from: decoder))
      }
    }

    package func encode(to encoder: any Encoder) throws {
      switch self {
      case .metadata(let values): try values.encode(to: encoder)
      case .tensor(let stored): try stored.encode(to: encoder)
      }
    }
  }

  package static func encode(_ items: [String: Item]) throws -> Data {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return try encoder.encode(items)
  }
}
