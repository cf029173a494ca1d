/// An unsigned integer that orders as the score it stands for, so that scores can be sorted, counted
/// and stored by their bits.
enum ScoreKey {
  /// The key of `score`, which must not be NaN. −0 and +0, equal as numbers, share one key.
  @inline(__always)
  static func key(_ score: Float) -> UInt32 {
    let bits = (score + 0).bitPattern
    let flip = UInt32(bitPattern: Int32(bitPattern: bits) >> 31) | 0x8000_0000
    return bits ^ flip
  }

  /// Throws ``MetricError/notANumber(what:index:)`` for the first NaN among `scores`.
  static func refuseNaN(_ scores: [Float], what: String) throws {
    // A branchless first pass: almost always there is none, and this one the compiler vectorises.
    var found = false
    scores.withUnsafeBufferPointer { for score in $0 { found = found || score != score } }
    guard found, let index = scores.firstIndex(where: \.isNaN) else { return }
    throw MetricError.notANumber(what: what, index: index)
  }
}
