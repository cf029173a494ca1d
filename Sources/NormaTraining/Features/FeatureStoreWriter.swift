import Foundation
import NormaCore
import NormaFiles

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
      throw FeatureStoreError("cannot write \(partial): \(error.localizedDescription)")
    }
    written += 1
  }

  /// Makes the store final and opens it.
  public func finish() throws -> FeatureStore {
    guard written == format.count else {
      throw FeatureStoreError("\(written) of \(format.count) pictures are in the store")
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
