import Foundation

/// The operations on constants that are computed while a graph is recorded: what does not depend
/// on the picture (embeddings, transposed weights, keys and queries of learned references) is
/// computed once per model instead of once per picture. Shapes are checked by the caller.
enum Folding {
  /// Whether to compute a result now. Results that would swell the file (a product of a row and a
  /// column) and matrix products that take seconds stay operations; the engine that compiles the
  /// graph may still fold them.
  static func isWorthIt(result: [Int], operands: [Constant], work: Int) -> Bool {
    let count = result.reduce(1, *)
    let largest = operands.map(\.values.count).max() ?? 0
    return count <= max(1 << 20, 2 * largest) && work <= 1 << 31
  }

  @inline(__always)
  static func map(_ x: Constant, _ compute: (Float) -> Float) -> Constant {
    Constant(shape: x.shape) { result in
      x.values.withUnsafeBufferPointer { x in
        for i in 0..<result.count { result[i] = compute(x[i]) }
      }
    }
  }

  /// max(a, b), NaN when either is.
  static func larger(_ a: Float, _ b: Float) -> Float {
    a.isNaN || a > b ? a : b
  }

  @inline(__always)
  static func broadcast(
    _ a: Constant, _ b: Constant, _ compute: (Float, Float) -> Float
  ) -> Constant {
    let rank = max(a.shape.count, b.shape.count)
    let left = padded(a.shape, rank)
    let right = padded(b.shape, rank)
    let shape = (0..<rank).map { max(left[$0], right[$0]) }
    let inner = shape.last ?? 1
    let aStep = left.last == 1 ? 0 : 1
    let bStep = right.last == 1 ? 0 : 1
    let aRows = Rows(of: left, in: shape)
    let bRows = Rows(of: right, in: shape)
    return Constant(shape: shape) { result in
      a.values.withUnsafeBufferPointer { a in
        b.values.withUnsafeBufferPointer { b in
          for row in 0..<(result.count / inner) {
            let (from, other, to) = (aRows.start(of: row), bRows.start(of: row), row * inner)
            if aStep == 1 && bStep == 1 {
              for i in 0..<inner { result[to + i] = compute(a[from + i], b[other + i]) }
            } else if aStep == 1 {
              let value = b[other]
              for i in 0..<inner { result[to + i] = compute(a[from + i], value) }
            } else {
              for i in 0..<inner { result[to + i] = compute(a[from], b[other + i * bStep]) }
            }
          }
        }
      }
    }
  }

  static func padded(_ shape: [Int], _ rank: Int) -> [Int] {
    Array(repeating: 1, count: rank - shape.count) + shape
  }

  /// Row-major strides.
  static func strides(_ shape: [Int]) -> [Int] {
    var strides = [Int](repeating: 1, count: shape.count)
    for i in stride(from: shape.count - 2, through: 0, by: -1) {
      strides[i] = strides[i + 1] * shape[i + 1]
    }
    return strides
  }

  /// Where each row (run of the last dimension) of a broadcast result begins in an operand.
  struct Rows {
    private let sizes: [Int]
    private let steps: [Int]

    /// `shape` and `result` have the same rank.
    init(of shape: [Int], in result: [Int]) {
      let strides = Folding.strides(shape)
      sizes = Array(result.dropLast())
      steps = sizes.indices.map { shape[$0] == 1 ? 0 : strides[$0] }
    }

    func start(of row: Int) -> Int {
      var (rest, start) = (row, 0)
      for dimension in sizes.indices.reversed() {
        start += rest % sizes[dimension] * steps[dimension]
        rest /= sizes[dimension]
      }
      return start
    }
  }
}
