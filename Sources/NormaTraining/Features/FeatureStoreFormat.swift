import Foundation
import NormaCore

/// How a feature store lies on disk: a page with a header that says what the store is for, then one
/// record a picture, in the data set's order. A record is the picture's maps as 16-bit brain floats and
/// a 16-byte trailer: a state and a checksum, so that a record that a crash cut short is never believed.
struct FeatureStoreFormat: Codable, Equatable {
  static let magic: [UInt8] = Array("NORMAFS1".utf8)
  static let headerSize = 4096
  static let trailerSize = 16

  /// The fingerprint of everything that the features depend on.
  var key: String
  var shapes: [FeatureShape]
  var count: Int

  var elementsPerRecord: Int { shapes.reduce(0) { $0 + $1.count } }
  var payloadSize: Int { elementsPerRecord * 2 }
  var recordSize: Int { (payloadSize + 15) / 16 * 16 + Self.trailerSize }
  var fileSize: Int { Self.headerSize + count * recordSize }

  enum RecordState: UInt32 {
    case usable = 1
    /// The picture could not be decoded; the payload is zero.
    case unusable = 2
  }

  func header() throws -> Data {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    let json = try encoder.encode(self)
    var data = Data(Self.magic)
    withUnsafeBytes(of: UInt32(json.count).littleEndian) { data.append(contentsOf: $0) }
    data.append(json)
    guard data.count <= Self.headerSize else {
      throw FeatureStoreError("the header of a feature store must fit \(Self.headerSize) bytes")
    }
    data.append(Data(count: Self.headerSize - data.count))
    return data
  }

  /// The format that `header` describes; nil when it is not a store's.
  init?(header: Data) {
    guard header.count == Self.headerSize, Array(header.prefix(8)) == Self.magic else { return nil }
    let bytes = [UInt8](header)
    let length = (0..<4).reduce(0) { $0 | Int(bytes[8 + $1]) << (8 * $1) }
    guard length > 0, 12 + length <= Self.headerSize,
      let format = try? JSONDecoder().decode(Self.self, from: Data(bytes[12..<12 + length]))
    else { return nil }
    self = format
  }

  init(key: String, shapes: [FeatureShape], count: Int) {
    self.key = key
    self.shapes = shapes
    self.count = count
  }

  /// A 64-bit checksum of a record's payload.
  static func checksum(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
    var hash: UInt64 = 0x9E37_79B9_7F4A_7C15 ^ UInt64(bytes.count)
    let words = bytes.count / 8
    for index in 0..<words {
      let word = bytes.loadUnaligned(fromByteOffset: index * 8, as: UInt64.self)
      let product = (hash ^ word).multipliedFullWidth(by: 0xD6E8_FEB8_6659_FD93)
      hash = product.low ^ product.high ^ UInt64(truncatingIfNeeded: index)
    }
    for byte in bytes[(words * 8)...] { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01B3 }
    return hash
  }
}

public struct FeatureStoreError: Error, CustomStringConvertible, Sendable {
  public let description: String

  init(_ description: String) {
    self.description = description
  }
}
