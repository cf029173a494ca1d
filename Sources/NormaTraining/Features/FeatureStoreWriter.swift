import Foundation
import Networks
import NormaCore
import NormaFiles

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
      let format = try? JSONDecoder().decode(Self.self, from: Data(bytes[12..<12 + length])),
      format.isPossible
    else { return nil }
    self = format
  }

  /// Whether its sizes can be computed with: a header may say any number.
  private var isPossible: Bool {
    let sides = 1...65_536
    return (0...1 << 24).contains(count) && (1...64).contains(shapes.count)
      && shapes.allSatisfy {
        (1...1 << 20).contains($0.channels) && sides.contains($0.grid.height)
          && sides.contains($0.grid.width)
          && $0.channels * $0.grid.height * $0.grid.width <= 1 << 30
      }
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

/// Fills a feature store, record by record, in a file beside its final name. What an interrupted run
/// left there is checked and kept; the file takes its final name when the last record is on disk.
public final class FeatureStoreWriter {
  private let format: FeatureStoreFormat
  private let path: String
  private let partial: String
  private let file: FileHandle
  private var record: [UInt8]
  /// Records that are written, those of an earlier run included.
  public private(set) var written: Int

  /// - Parameters:
  ///   - path: the store's final name.
  ///   - key: the fingerprint of all that the features depend on.
  ///   - count: pictures in the store.
  /// - Throws: when the folder cannot be written to.
  public init(path: String, key: String, shapes: [FeatureShape], count: Int) throws {
    format = FeatureStoreFormat(key: key, shapes: shapes, count: count)
    self.path = path
    partial = path + ".partial"
    record = [UInt8](repeating: 0, count: format.recordSize)
    let folder = (path as NSString).deletingLastPathComponent
    try FilePath.createFolder(folder)
    written = Self.recordsToKeep(partial, format)
    if written == 0 {
      guard FileManager.default.createFile(atPath: partial, contents: try format.header()) else {
        throw FeatureStoreError("cannot write \(partial): is the folder writable?")
      }
    }
    guard let file = FileHandle(forUpdatingAtPath: partial) else {
      throw FeatureStoreError("cannot write \(partial): is the folder writable?")
    }
    self.file = file
    let end = UInt64(FeatureStoreFormat.headerSize + written * format.recordSize)
    try file.truncate(atOffset: end)
    try file.seek(toOffset: end)
  }

  deinit {
    try? file.close()
  }

  private static func recordsToKeep(_ path: String, _ format: FeatureStoreFormat) -> Int {
    guard let data = try? Data(contentsOf: URL(fileURLWithPath: path), options: .alwaysMapped),
      data.count >= FeatureStoreFormat.headerSize,
      FeatureStoreFormat(header: Data(data.prefix(FeatureStoreFormat.headerSize))) == format
    else { return 0 }
    let complete = (data.count - FeatureStoreFormat.headerSize) / format.recordSize
    return data.withUnsafeBytes { bytes in
      for index in 0..<complete where FeatureFile.state(of: index, in: bytes, format) == nil {
        return index
      }
      return complete
    }
  }

  /// Appends the next picture's maps, one after the other, each `[channels, height, width]`.
  public func append(_ features: UnsafeBufferPointer<Float>) throws {
    guard features.count == format.elementsPerRecord else {
      throw FeatureStoreError(
        "\(features.count) features do not fill a record of \(format.elementsPerRecord)")
    }
    record.withUnsafeMutableBytes { bytes in
      let halves = bytes.bindMemory(to: UInt16.self)
      for (index, feature) in features.enumerated() { halves[index] = BFloat16.narrow(feature) }
    }
    try finishRecord(.usable)
  }

  /// Appends a placeholder for a picture that could not be decoded.
  public func appendUnusable() throws {
    for index in record.indices { record[index] = 0 }
    try finishRecord(.unusable)
  }

  private func finishRecord(_ state: FeatureStoreFormat.RecordState) throws {
    let trailer = format.recordSize - FeatureStoreFormat.trailerSize
    record.withUnsafeMutableBytes { bytes in
      let payload = UnsafeRawBufferPointer(rebasing: bytes[..<format.payloadSize])
      let checksum = FeatureStoreFormat.checksum(payload)
      bytes.storeBytes(of: state.rawValue, toByteOffset: trailer, as: UInt32.self)
      bytes.storeBytes(of: checksum, toByteOffset: trailer + 8, as: UInt64.self)
    }
    do {
      try file.write(contentsOf: record)
    } catch {
      // A disk that is full is not left so: what there is of the features is of no use to anybody else.
      try? FileManager.default.removeItem(atPath: partial)
      throw FeatureStoreError("cannot write \(partial): \(error.localizedDescription)")
    }
    written += 1
  }

  /// Makes the store final and opens it.
  public func finish() throws -> FeatureStore {
    guard written == format.count else {
      throw FeatureStoreError("\(written) of \(counted(format.count, "picture")) are in the store")
    }
    try file.synchronize()
    guard rename(partial, path) == 0 else {
      throw FeatureStoreError(
        "cannot rename \(partial) to \(path): \(String(cString: strerror(errno)))")
    }
    return try FeatureStore(path: path, key: format.key)
  }
}

/// 16-bit brain floats: the upper half of a 32-bit float, rounded to nearest even.
enum BFloat16 {
  static func narrow(_ value: Float) -> UInt16 {
    let bits = value.bitPattern
    if value.isNaN { return UInt16(truncatingIfNeeded: bits >> 16) | 0x40 }
    return UInt16(truncatingIfNeeded: (bits &+ 0x7FFF &+ ((bits >> 16) & 1)) >> 16)
  }

  static func widen(_ half: UInt16) -> Float {
    Float(bitPattern: UInt32(half) << 16)
  }
}
