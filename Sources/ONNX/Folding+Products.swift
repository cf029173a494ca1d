extension Folding {
  /// The matrix product of the last two dimensions, the others broadcast; `shape` is the result's.
  static func matmul(_ a: Constant, _ b: Constant, shape: [Int]) -> Constant {
    let rank = shape.count
    let (rows, columns) = (shape[rank - 2], shape[rank - 1])
    let depth = a.shape[a.shape.count - 1]
    // One matrix of each operand counts as one row of the broadcast over the dimensions before it.
    let batch = Array(shape.dropLast(2)) + [1]
    let aStarts = Rows(of: padded(a.shape.dropLast(2) + [1], batch.count), in: batch)
    let bStarts = Rows(of: padded(b.shape.dropLast(2) + [1], batch.count), in: batch)
    return Constant(shape: shape) { result in
      result.initialize(repeating: 0)
      a.values.withUnsafeBufferPointer { a in
        b.values.withUnsafeBufferPointer { b in
          for matrix in 0..<batch.reduce(1, *) {
            accumulate(
              UnsafeBufferPointer(rebasing: a[(aStarts.start(of: matrix) * rows * depth)...]),
              UnsafeBufferPointer(rebasing: b[(bStarts.start(of: matrix) * depth * columns)...]),
              into: UnsafeMutableBufferPointer(rebasing: result[(matrix * rows * columns)...]),
              rows: rows, depth: depth, columns: columns)
          }
        }
      }
    }
  }

  /// `result += a · b`. A block of b's rows stays in the cache while every row of a meets it, and
  /// the innermost loop runs along rows, which vectorises.
  private static func accumulate(
    _ a: UnsafeBufferPointer<Float>, _ b: UnsafeBufferPointer<Float>,
    into result: UnsafeMutableBufferPointer<Float>, rows: Int, depth: Int, columns: Int
  ) {
    let block = max(1, 65_536 / columns)
    for first in stride(from: 0, to: depth, by: block) {
      let end = min(first + block, depth)
      for row in 0..<rows {
        for k in first..<end {
          let factor = a[row * depth + k]
          let (from, to) = (k * columns, row * columns)
          for column in 0..<columns { result[to + column] += factor * b[from + column] }
        }
      }
    }
  }
}
