import Foundation

/// The header of a safetensors file, checked: every tensor lies within the file, fills exactly its
/// shape, and together they fill the file without gap or overlap, as the format demands.
package struct SafeTensorsHeader {
  package static let metadataKey = "__metadata__"

  struct Entry: Sendable {
    var typeName: String
    /// `nil` for a type that Norma does not read (such tensors are refused when asked for).
    var type: ElementType?
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
    let type = ElementType(rawValue: stored.dtype)
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
