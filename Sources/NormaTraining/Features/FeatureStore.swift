import Foundation
import Networks
import NormaCore
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

  /// What standardises each level, by the statistics of the pictures at `indices`.
  public func standardization(of indices: [Int]) -> [Standardization] {
    shapes.indices.map { level in
      let statistics = statistics(level: level, of: indices)
      return Standardization(mean: statistics.mean, deviation: statistics.deviation)
    }
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
