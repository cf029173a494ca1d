import Foundation
import Networks
import NormaCore
import NormaFiles
import Torch

/// The features of a data set in one memory-mapped file: computed once, read in every epoch.
public final class FeatureStore {
  public let path: String
  public var shapes: [FeatureShape] { format.shapes }
  public var count: Int { format.count }
  /// Which records hold features, by index; the others belong to pictures that could not be decoded.
  public let usable: [Bool]
  private let format: FeatureStoreFormat
  private let data: Data
  /// All maps in the memory of the device in use, once they were asked for there.
  private var resident: [Tensor]?

  /// Bytes of a store's file.
  static func size(shapes: [FeatureShape], count: Int) -> Int {
    FeatureStoreFormat(key: "", shapes: shapes, count: count).fileSize
  }

  /// Opens a finished store and checks every record.
  ///
  /// - Throws: when the file is not a store, was made for another `key`, or is damaged.
  public init(path: String, key: String) throws {
    self.path = path
    let data = try Data(contentsOf: URL(fileURLWithPath: path), options: .alwaysMapped)
    guard let format = FeatureStoreFormat(header: Data(data.prefix(FeatureStoreFormat.headerSize)))
    else { throw FeatureStoreError("\(path) is not a feature store") }
    guard format.key == key else {
      throw FeatureStoreError("\(path) holds features of other pictures or of another backbone")
    }
    guard data.count == format.fileSize else {
      throw FeatureStoreError(
        "\(path) is damaged: \(data.count) bytes, \(format.fileSize) expected; delete it")
    }
    self.format = format
    self.data = data
    usable = try data.withUnsafeBytes { bytes in
      try (0..<format.count).map { index in
        guard let state = Self.state(of: index, in: bytes, format) else {
          throw FeatureStoreError("\(path) is damaged at picture \(index); delete it")
        }
        return state == .usable
      }
    }
  }

  /// The state of record `index`; nil when its checksum does not fit.
  static func state(
    of index: Int, in bytes: UnsafeRawBufferPointer, _ format: FeatureStoreFormat
  ) -> FeatureStoreFormat.RecordState? {
    let start = FeatureStoreFormat.headerSize + index * format.recordSize
    let trailer = start + format.recordSize - FeatureStoreFormat.trailerSize
    let payload = UnsafeRawBufferPointer(rebasing: bytes[start..<start + format.payloadSize])
    let state = bytes.loadUnaligned(fromByteOffset: trailer, as: UInt32.self)
    let checksum = bytes.loadUnaligned(fromByteOffset: trailer + 8, as: UInt64.self)
    guard checksum == FeatureStoreFormat.checksum(payload) else { return nil }
    return FeatureStoreFormat.RecordState(rawValue: state)
  }

  /// The maps of the pictures at `indices`, one tensor `[batch, channels, height, width]` a level.
  public func batch(_ indices: [Int]) throws -> [Tensor] {
    if Machine.device != .cpu { return try batch(rows: Tensor(rows: indices)) }
    var offset = 0
    return try format.shapes.map { shape in
      defer { offset += shape.count }
      var halves = [UInt16]()
      halves.reserveCapacity(indices.count * shape.count)
      try data.withUnsafeBytes { bytes in
        for index in indices {
          guard (0..<format.count).contains(index) else {
            throw FeatureStoreError("picture \(index) of a store of \(format.count)")
          }
          let start = FeatureStoreFormat.headerSize + index * format.recordSize + offset * 2
          let piece = UnsafeRawBufferPointer(rebasing: bytes[start..<start + shape.count * 2])
          halves.append(contentsOf: piece.bindMemory(to: UInt16.self))
        }
      }
      return try halves.withUnsafeBufferPointer {
        try Tensor(
          bfloats: $0,
          shape: [indices.count, shape.channels, shape.grid.height, shape.grid.width])
      }
    }
  }

  /// The same for pictures that the device names. All maps lie in its memory, as 16-bit brain floats,
  /// from the first call on.
  ///
  /// - Parameter rows: `[batch]`, indices below `count`.
  public func batch(rows: Tensor) throws -> [Tensor] {
    let maps = try resident ?? loaded()
    resident = maps
    return try maps.map { try $0.selected(rows: rows).toFloat() }
  }

  /// One tensor `[count, channels, height, width]` a level.
  private func loaded() throws -> [Tensor] {
    var offset = 0
    return try format.shapes.map { shape in
      defer { offset += shape.count }
      var halves = [UInt16]()
      halves.reserveCapacity(count * shape.count)
      data.withUnsafeBytes { bytes in
        for index in 0..<count {
          let start = FeatureStoreFormat.headerSize + index * format.recordSize + offset * 2
          let piece = UnsafeRawBufferPointer(rebasing: bytes[start..<start + shape.count * 2])
          halves.append(contentsOf: piece.bindMemory(to: UInt16.self))
        }
      }
      return try Tensor(
        keepingBFloats: halves,
        shape: [count, shape.channels, shape.grid.height, shape.grid.width])
    }
  }

  /// Each channel's mean over the tokens of the picture at `index`, levels one after the other.
  public func meanFeature(of index: Int) -> [Float] {
    format.shapes.indices.flatMap { statistics(level: $0, of: [index]).mean }
  }

  /// Cells that a channel of ``details(of:)`` has: 4×4.
  public static let detailCells = detailSide * detailSide
  private static let detailSide = 4

  /// How each channel of the picture at `index` departs from its mean, on a grid of 4×4:
  /// `[channels, 16]`, levels one after the other. Coarse, so that a step of the camera changes little.
  public func details(of index: Int) -> [Float] {
    let record = FeatureStoreFormat.headerSize + index * format.recordSize
    return data.withUnsafeBytes { bytes in
      let payload = UnsafeRawBufferPointer(rebasing: bytes[record..<record + format.payloadSize])
      let halves = payload.bindMemory(to: UInt16.self)
      var first = 0
      return format.shapes.flatMap { shape in
        let cells = shape.grid.cells(Self.detailSide)
        return (0..<shape.channels).flatMap { _ in
          defer { first += shape.grid.count }
          let means = cells.map { rows, columns in
            let sum = rows.reduce(Float(0)) { sum, row in
              columns.reduce(sum) {
                $0 + BFloat16.widen(halves[first + row * shape.grid.width + $1])
              }
            }
            return sum / Float(rows.count * columns.count)
          }
          let mean = means.reduce(0, +) / Float(means.count)
          return means.map { $0 - mean }
        }
      }
    }
  }

  /// What standardises each level, by the statistics of the pictures at `indices`.
  public func standardization(of indices: [Int]) -> [Standardization] {
    shapes.indices.map { Standardization(statistics: statistics(level: $0, of: indices)) }
  }

  /// Mean and deviation of each channel of level `level` over all tokens of the pictures at `indices`,
  /// summed in double precision.
  public func statistics(level: Int, of indices: [Int]) -> (mean: [Float], deviation: [Float]) {
    let shape = format.shapes[level]
    let offset = format.shapes[..<level].reduce(0) { $0 + $1.count }
    var sums = [Double](repeating: 0, count: shape.channels)
    var squares = sums
    data.withUnsafeBytes { bytes in
      for index in indices {
        let start = FeatureStoreFormat.headerSize + index * format.recordSize + offset * 2
        let halves = UnsafeRawBufferPointer(rebasing: bytes[start..<start + shape.count * 2])
          .bindMemory(to: UInt16.self)
        for channel in 0..<shape.channels {
          var sum = 0.0
          var square = 0.0
          for token in channel * shape.grid.count..<(channel + 1) * shape.grid.count {
            let value = Double(BFloat16.widen(halves[token]))
            sum += value
            square += value * value
          }
          sums[channel] += sum
          squares[channel] += square
        }
      }
    }
    let tokens = Double(max(1, indices.count * shape.grid.count))
    let mean = sums.map { $0 / tokens }
    let deviation = zip(squares, mean).map { max(0, $0 / tokens - $1 * $1).squareRoot() }
    return (mean.map(Float.init), deviation.map(Float.init))
  }
}

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
      for index in 0..<complete where FeatureStore.state(of: index, in: bytes, format) == nil {
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
