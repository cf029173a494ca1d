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
