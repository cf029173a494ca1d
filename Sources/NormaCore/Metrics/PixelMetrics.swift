import Foundation

/// Pixel metrics of any number of anomaly maps: exact, equal to a full sort of all pixels, in
/// bounded memory.
///
/// Pixels beyond the memory limit go to an unlinked temporary file, 4 bytes for a normal pixel and 8
/// for an anomalous one. The result does not depend on the limit, to the last bit.
///
/// Not for use from several threads at once.
public final class PixelMetrics {
  /// 512 MiB: two metrics of this size, one of a category and one of all, stay within 1 GiB.
  public static let defaultMemoryLimit = 512 << 20

  private let falsePositiveLimit: Double
  private var groups: PixelGroups
  private var pixels = 0
  private var anomalousPixels = 0
  private var regions = 0
  private var isFinished = false

  /// - Parameters:
  ///   - falsePositiveLimit: the false-positive rate up to which AUPRO integrates, in (0, 1].
  ///   - memoryLimit: the most bytes held for pixels at once; about 13 MiB of tables come on top.
  ///   - temporaryFolder: where pixels beyond that go; by default the system's temporary folder.
  /// - Throws: ``MetricError/invalid(what:found:expected:)``.
  public init(
    falsePositiveLimit: Double = 0.3, memoryLimit: Int = PixelMetrics.defaultMemoryLimit,
    temporaryFolder: String? = nil
  ) throws {
    guard falsePositiveLimit > 0, falsePositiveLimit <= 1 else {
      throw MetricError.invalid(
        what: "the false-positive limit of AUPRO", found: "\(falsePositiveLimit)",
        expected: "a number above 0 and at most 1")
    }
    self.falsePositiveLimit = falsePositiveLimit
    groups = PixelGroups(
      memoryLimit: max(0, memoryLimit),
      folder: temporaryFolder ?? FileManager.default.temporaryDirectory.path)
  }

  /// Bytes in the temporary file so far.
  package var spilledBytes: Int { groups.spilledBytes }

  /// Adds one picture.
  ///
  /// - Parameters:
  ///   - map: anomaly map, height × width, row by row; higher is more anomalous.
  ///   - mask: ground truth of the same size, above 0 is anomalous; `nil` when all is normal.
  ///   - width: pixels a row.
  ///   - height: rows.
  /// - Throws: ``MetricError`` for NaN, for sizes that do not agree, for a full disk.
  public func add(map: [Float], mask: [UInt8]?, width: Int, height: Int) throws {
    guard !isFinished else { throw MetricError.finished }
    guard width > 0, height > 0, map.count == width * height else {
      throw MetricError.lengths(
        what: "pixels of an anomaly map of \(width)×\(height)", found: map.count,
        expected: width * height)
    }
    try ScoreKey.refuseNaN(map, what: "pixel of the anomaly map")
    if let mask {
      try add(map, regions: ConnectedRegions(mask: mask, width: width, height: height), width)
    } else {
      try map.withUnsafeBufferPointer { try groups.addNormal($0) }
    }
    pixels += map.count
  }

  private func add(_ map: [Float], regions found: ConnectedRegions, _ width: Int) throws {
    try map.withUnsafeBufferPointer { map in
      var next = 0
      for run in found.runs {
        let range = (run.row * width + run.start)..<(run.row * width + run.end)
        try groups.addNormal(UnsafeBufferPointer(rebasing: map[next..<range.lowerBound]))
        try groups.addAnomalous(
          UnsafeBufferPointer(rebasing: map[range]), regionArea: found.areas[run.region])
        next = range.upperBound
      }
      try groups.addNormal(UnsafeBufferPointer(rebasing: map[next...]))
    }
    anomalousPixels += found.areas.reduce(0, +)
    regions += found.areas.count
  }

  /// The metrics of all pictures added; to be called once.
  ///
  /// - Throws: ``MetricError`` when spilled pixels cannot be read, or when called again.
  public func finish() throws -> PixelResult {
    guard !isFinished else { throw MetricError.finished }
    isFinished = true
    var sweep = ThresholdSweep(
      negatives: pixels - anomalousPixels, positives: anomalousPixels, regions: regions,
      falsePositiveLimit: falsePositiveLimit)
    try groups.forEachDescending {
      sweep.add(negatives: $0.negatives, positives: $0.positives, weight: $0.weight)
    }
    return PixelResult(
      auroc: sweep.auroc, averagePrecision: sweep.averagePrecision, f1Max: sweep.f1Max,
      aupro: sweep.aupro, pixels: pixels, anomalousPixels: anomalousPixels, regions: regions)
  }
}

/// What ``PixelMetrics`` finds; fractions between 0 and 1, `nil` when all pixels are of one class.
public struct PixelResult: Codable, Sendable, Equatable {
  /// Area under the ROC curve over all pixels.
  public var auroc: Double?
  /// Average precision over all pixels, as scikit-learn defines it.
  public var averagePrecision: Double?
  /// Largest F1 over all thresholds.
  public var f1Max: Double?
  /// Area under the per-region-overlap curve (Bergmann et al., "The MVTec Anomaly Detection
  /// Dataset", IJCV 2021, section 5.2): the mean over all 8-connected ground-truth regions of their
  /// flagged share, over the false-positive rate, integrated over all thresholds up to the limit with
  /// linear interpolation at it, divided by the limit.
  public var aupro: Double?
  /// Pixels seen.
  public var pixels: Int
  /// Pixels that the ground truth marks.
  public var anomalousPixels: Int
  /// 8-connected regions of marked pixels.
  public var regions: Int
}
