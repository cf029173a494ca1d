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

/// Normal and anomalous pixels by score: how many of each share a score, from the highest score to
/// the lowest, from bounded memory.
///
/// A pixel's score is a 32-bit key (``ScoreKey``). Its 13 leading bits choose a bucket
/// (``SpillingPartition``); within a bucket the 19 bits that are left are counted in a table, which
/// takes any number of equal or near-equal scores, or, where a bucket holds few pixels, sorted.
struct PixelGroups {
  /// Pixels that share one score.
  struct Group {
    var negatives = 0
    var positives = 0
    /// The sum over the anomalous pixels of 1 / area of their region.
    var weight = 0.0
  }

  private static let leadingBits = 13
  private static let trailingBits = 32 - leadingBits
  /// Below this many pixels a bucket is sorted: passing the whole table would take longer.
  private static let fewPixels = 1 << 14
  private static let pieceLength = 1 << 15

  /// A normal pixel is its key.
  private var negatives: SpillingPartition<UInt32>
  /// An anomalous pixel is its key, then the area of its region.
  private var positives: SpillingPartition<UInt64>
  private var negativePiece: [UInt32] = []
  private var positivePiece: [UInt64] = []
  private var table: [Group] = []

  /// - Parameters:
  ///   - memoryLimit: bytes for buffers; tables add about 13 MiB.
  ///   - folder: where spilled pixels go.
  init(memoryLimit: Int, folder: String) {
    negatives = SpillingPartition(
      leadingBits: Self.leadingBits, memoryLimit: memoryLimit / 2, folder: folder)
    positives = SpillingPartition(
      leadingBits: Self.leadingBits, memoryLimit: memoryLimit / 2, folder: folder)
  }

  var spilledBytes: Int { negatives.spilledBytes + positives.spilledBytes }

  mutating func addNormal(_ scores: UnsafeBufferPointer<Float>) throws {
    try negatives.append(count: scores.count) { ScoreKey.key(scores[$0]) }
  }

  mutating func addAnomalous(_ scores: UnsafeBufferPointer<Float>, regionArea: Int) throws {
    let area = UInt64(UInt32(truncatingIfNeeded: regionArea))
    try positives.append(count: scores.count) { UInt64(ScoreKey.key(scores[$0])) << 32 | area }
  }

  /// Hands every group to `body`, highest score first. Afterwards nothing may be added.
  mutating func forEachDescending(_ body: (Group) -> Void) throws {
    negatives.seal()
    positives.seal()
    negativePiece = Array(repeating: 0, count: Self.pieceLength)
    positivePiece = Array(repeating: 0, count: Self.pieceLength)
    for bucket in (0..<negatives.buckets).reversed() {
      let count = negatives.count(in: bucket) + positives.count(in: bucket)
      if count == 0 { continue }
      if count < Self.fewPixels {
        try sort(bucket, body)
      } else {
        try tabulate(bucket, body)
      }
    }
  }

  private mutating func tabulate(_ bucket: Int, _ body: (Group) -> Void) throws {
    if table.isEmpty {
      table = Array(repeating: Group(), count: 1 << Self.trailingBits)
    }
    let trailing = table.count - 1
    try table.withUnsafeMutableBufferPointer { table in
      try negatives.forEachPiece(in: bucket, through: &negativePiece) { piece in
        for key in piece { table[Int(key) & trailing].negatives += 1 }
      }
      try positives.forEachPiece(in: bucket, through: &positivePiece) { piece in
        for pixel in piece {
          let place = Int(pixel >> 32) & trailing
          table[place].positives += 1
          table[place].weight += Self.weight(pixel)
        }
      }
      for place in table.indices.reversed()
      where table[place].negatives > 0 || table[place].positives > 0 {
        body(table[place])
        table[place] = Group()
      }
    }
  }

  private mutating func sort(_ bucket: Int, _ body: (Group) -> Void) throws {
    var normal: [UInt32] = []
    var anomalous: [UInt64] = []
    try negatives.forEachPiece(in: bucket, through: &negativePiece) {
      normal.append(contentsOf: $0)
    }
    try positives.forEachPiece(in: bucket, through: &positivePiece) {
      anomalous.append(contentsOf: $0)
    }
    normal.sort()
    anomalous.sort()
    while let key = Self.highest(normal.last, anomalous.last.map { UInt32($0 >> 32) }) {
      var group = Group()
      while normal.last == key {
        normal.removeLast()
        group.negatives += 1
      }
      while let pixel = anomalous.last, pixel >> 32 == UInt64(key) {
        anomalous.removeLast()
        group.positives += 1
        group.weight += Self.weight(pixel)
      }
      body(group)
    }
  }

  private static func highest(_ first: UInt32?, _ second: UInt32?) -> UInt32? {
    guard let first, let second else { return first ?? second }
    return max(first, second)
  }

  @inline(__always)
  private static func weight(_ pixel: UInt64) -> Double {
    1 / Double(UInt32(truncatingIfNeeded: pixel))
  }
}

/// The 8-connected regions of a binary picture, as horizontal runs of pixels.
///
/// Runs of neighbouring rows that touch, also at a corner, are joined by union–find (He, Chao &
/// Suzuki, "A run-based two-scan labeling algorithm", 2008): work and memory go with the number of
/// runs, and areas and boxes need no label picture.
package struct ConnectedRegions: Sendable {
  /// Foreground pixels `start..<end` of one row.
  package struct Run: Sendable, Equatable {
    package var row: Int
    package var start: Int
    package var end: Int
    /// Which region the run belongs to, counted from 0 in the order of the regions' first runs.
    package var region: Int
  }

  /// All runs in raster order.
  package private(set) var runs: [Run] = []
  /// Pixels a region.
  package private(set) var areas: [Int] = []

  /// Finds the regions of the pixels that are not zero.
  ///
  /// - Parameter mask: height × width, row by row.
  package init(mask: [UInt8], width: Int, height: Int) throws {
    guard width >= 0, height >= 0, mask.count == width * height else {
      throw MetricError.lengths(
        what: "pixels of a mask of \(width)×\(height)", found: mask.count,
        expected: width * height)
    }
    mask.withUnsafeBufferPointer { scan($0, width: width, height: height) }
    number(joinTouching(height: height))
  }

  private mutating func scan(_ mask: UnsafeBufferPointer<UInt8>, width: Int, height: Int) {
    for row in 0..<height {
      let base = row * width
      var column = 0
      while column < width {
        if mask[base + column] == 0 {
          column += 1
          continue
        }
        let start = column
        while column < width, mask[base + column] != 0 { column += 1 }
        runs.append(Run(row: row, start: start, end: column, region: 0))
      }
    }
  }

  /// Union–find over runs: the root of each run is the earliest run of its region.
  private func joinTouching(height: Int) -> [Int] {
    var parent = Array(runs.indices)
    func root(_ run: Int) -> Int {
      var run = run
      while parent[run] != run {
        parent[run] = parent[parent[run]]
        run = parent[run]
      }
      return run
    }
    var above = 0
    for current in runs.indices {
      let run = runs[current]
      // Runs above that end before this one begins cannot touch it or any later one of the row.
      while above < current,
        runs[above].row < run.row - 1
          || runs[above].row == run.row - 1 && runs[above].end < run.start
      { above += 1 }
      var candidate = above
      while candidate < current, runs[candidate].row == run.row - 1,
        runs[candidate].start <= run.end
      {
        let (first, second) = (root(candidate), root(current))
        parent[max(first, second)] = min(first, second)
        candidate += 1
      }
    }
    return runs.indices.map(root)
  }

  private mutating func number(_ roots: [Int]) {
    for run in runs.indices {
      if roots[run] == run {
        runs[run].region = areas.count
        areas.append(0)
      } else {
        runs[run].region = runs[roots[run]].region
      }
      areas[runs[run].region] += runs[run].end - runs[run].start
    }
  }
}
