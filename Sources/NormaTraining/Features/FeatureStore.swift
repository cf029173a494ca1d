import Foundation
import Networks
import NormaCore
import NormaFiles
import Torch

/// The features of a data set, computed once and read in every epoch: of one backbone from one file, of
/// several from a file each, whose maps come one after the other's.
public final class FeatureStore {
  private let files: [FeatureFile]
  /// Which records hold features, by index; the others belong to pictures that could not be decoded.
  public let usable: [Bool]

  /// Opens a finished store and checks every record.
  ///
  /// - Throws: when the file is not a store, was made for another `key`, or is damaged.
  public convenience init(path: String, key: String) throws {
    self.init([try FeatureFile(path: path, key: key)])
  }

  /// Stores of the same pictures as one, the maps of the first coming first.
  public convenience init(joining stores: [FeatureStore]) { self.init(stores.flatMap(\.files)) }

  private init(_ files: [FeatureFile]) {
    self.files = files
    // One of them may hold the pictures' textured twins besides.
    let count = files.map(\.count).min() ?? 0
    usable = (0..<count).map { index in files.allSatisfy { $0.usable[index] } }
  }

  /// The store of each backbone by itself, with the twins that another one may lack.
  public var parts: [FeatureStore] { files.map { FeatureStore([$0]) } }

  public var shapes: [FeatureShape] { files.flatMap(\.shapes) }
  public var count: Int { usable.count }

  /// The maps of the pictures at `indices`, one tensor `[batch, channels, height, width]` a level.
  public func batch(_ indices: [Int]) throws -> [Tensor] {
    try files.flatMap { try $0.batch(indices) }
  }

  /// The same for pictures that the device names. All maps lie in its memory, as 16-bit brain floats,
  /// from the first call on.
  ///
  /// - Parameter rows: `[batch]`, indices below `count`.
  public func batch(rows: Tensor) throws -> [Tensor] {
    try files.flatMap { try $0.batch(rows: rows) }
  }

  /// Each channel's mean over the tokens of the picture at `index`, levels one after the other.
  public func meanFeature(of index: Int) -> [Float] {
    shapes.indices.flatMap { statistics(level: $0, of: [index]).mean }
  }

  /// Cells that a channel of ``details(of:)`` has: 4×4.
  public static let detailCells = detailSide * detailSide
  fileprivate static let detailSide = 4

  /// How each channel of the picture at `index` departs from its mean, on a grid of 4×4:
  /// `[channels, 16]`, levels one after the other. Coarse, so that a step of the camera changes little.
  public func details(of index: Int) -> [Float] { files.flatMap { $0.details(of: index) } }

  /// What standardises each level, by the statistics of the pictures at `indices`.
  public func standardization(of indices: [Int]) -> [Standardization] {
    shapes.indices.map { Standardization(statistics: statistics(level: $0, of: indices)) }
  }

  /// Mean and deviation of each channel of level `level` over all tokens of the pictures at `indices`,
  /// summed in double precision.
  public func statistics(level: Int, of indices: [Int]) -> (mean: [Float], deviation: [Float]) {
    var level = level
    for file in files {
      if level < file.shapes.count { return file.statistics(level: level, of: indices) }
      level -= file.shapes.count
    }
    return ([], [])
  }
}

/// The features of a data set in one memory-mapped file: computed once, read in every epoch.
final class FeatureFile {
  var shapes: [FeatureShape] { format.shapes }
  var count: Int { format.count }
  /// Which records hold features, by index; the others belong to pictures that could not be decoded.
  let usable: [Bool]
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
  init(path: String, key: String) throws {
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
  func batch(_ indices: [Int]) throws -> [Tensor] {
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
  func batch(rows: Tensor) throws -> [Tensor] {
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

  /// How each channel of the picture at `index` departs from its mean, on a grid of 4×4:
  /// `[channels, 16]`, levels one after the other. Coarse, so that a step of the camera changes little.
  func details(of index: Int) -> [Float] {
    let record = FeatureStoreFormat.headerSize + index * format.recordSize
    return data.withUnsafeBytes { bytes in
      let payload = UnsafeRawBufferPointer(rebasing: bytes[record..<record + format.payloadSize])
      let halves = payload.bindMemory(to: UInt16.self)
      var first = 0
      return format.shapes.flatMap { shape in
        let cells = shape.grid.cells(FeatureStore.detailSide)
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

  /// Mean and deviation of each channel of level `level` over all tokens of the pictures at `indices`,
  /// summed in double precision.
  func statistics(level: Int, of indices: [Int]) -> (mean: [Float], deviation: [Float]) {
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
