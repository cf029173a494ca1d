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

// MARK: - Shapes

extension Folding {
  static func permute(_ x: Constant, _ order: [Int]) -> Constant {
    let shape = order.map { x.shape[$0] }
    let strides = strides(x.shape)
    let steps = order.map { strides[$0] }
    let inner = shape.last ?? 1
    let innerStep = steps.last ?? 1
    return Constant(shape: shape) { result in
      x.values.withUnsafeBufferPointer { x in
        var position = [Int](repeating: 0, count: max(shape.count - 1, 0))
        var (from, to) = (0, 0)
        while to < result.count {
          for i in 0..<inner { result[to + i] = x[from + i * innerStep] }
          to += inner
          // The next row: the last of the outer dimensions moves fastest.
          for dimension in position.indices.reversed() {
            position[dimension] += 1
            from += steps[dimension]
            if position[dimension] < shape[dimension] { break }
            from -= steps[dimension] * shape[dimension]
            position[dimension] = 0
          }
        }
      }
    }
  }

  static func slice(_ x: Constant, axis: Int, _ range: Range<Int>) -> Constant {
    var shape = x.shape
    shape[axis] = range.count
    let inner = x.shape[(axis + 1)...].reduce(1, *)
    let outer = x.shape[..<axis].reduce(1, *)
    var values: [Float] = []
    values.reserveCapacity(outer * range.count * inner)
    for i in 0..<outer {
      let start = (i * x.shape[axis] + range.lowerBound) * inner
      values += x.values[start..<start + range.count * inner]
    }
    return Constant(shape: shape, values: values)
  }

  static func gather(_ x: Constant, axis: Int, _ indices: [Int]) -> Constant {
    var shape = x.shape
    shape[axis] = indices.count
    let inner = x.shape[(axis + 1)...].reduce(1, *)
    let outer = x.shape[..<axis].reduce(1, *)
    var values: [Float] = []
    values.reserveCapacity(outer * indices.count * inner)
    for i in 0..<outer {
      for index in indices {
        let start = (i * x.shape[axis] + index) * inner
        values += x.values[start..<start + inner]
      }
    }
    return Constant(shape: shape, values: values)
  }

  static func concatenate(_ parts: [Constant], axis: Int) -> Constant {
    var shape = parts[0].shape
    shape[axis] = parts.reduce(0) { $0 + $1.shape[axis] }
    let outer = shape[..<axis].reduce(1, *)
    var values: [Float] = []
    values.reserveCapacity(shape.reduce(1, *))
    for i in 0..<outer {
      for part in parts {
        let run = part.values.count / outer
        values += part.values[i * run..<(i + 1) * run]
      }
    }
    return Constant(shape: shape, values: values)
  }
}

// MARK: - Products

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

// MARK: - Reductions

extension Folding {
  /// Combines the elements of `axes`, which stay as size 1.
  @inline(__always)
  static func reduce(
    _ x: Constant, axes: [Int], initial: Float, _ combine: (Float, Float) -> Float
  ) -> Constant {
    let shape = x.shape.indices.map { axes.contains($0) ? 1 : x.shape[$0] }
    let strides = strides(shape)
    let steps = shape.indices.map { axes.contains($0) ? 0 : strides[$0] }
    var result = Constant(
      shape: shape, values: [Float](repeating: initial, count: shape.reduce(1, *)))
    var position = [Int](repeating: 0, count: shape.count)
    var to = 0
    for value in x.values {
      result.values[to] = combine(result.values[to], value)
      for dimension in position.indices.reversed() {
        position[dimension] += 1
        to += steps[dimension]
        if position[dimension] < x.shape[dimension] { break }
        to -= steps[dimension] * x.shape[dimension]
        position[dimension] = 0
      }
    }
    return result
  }

  static func mean(_ x: Constant, axes: [Int]) -> Constant {
    let count = Float(axes.reduce(1) { $0 * x.shape[$1] })
    return map(reduce(x, axes: axes, initial: 0, +)) { $0 / count }
  }

  static func softmax(_ x: Constant, axis: Int) -> Constant {
    let largest = reduce(x, axes: [axis], initial: -.infinity, larger)
    let powers = broadcast(x, largest) { exp($0 - $1) }
    return broadcast(powers, reduce(powers, axes: [axis], initial: 0, +), /)
  }

  static func layerNorm(
    _ x: Constant, weight: Constant, bias: Constant, epsilon: Float
  ) -> Constant {
    let last = x.shape.count - 1
    let centred = broadcast(x, mean(x, axes: [last]), -)
    let variance = mean(map(centred) { $0 * $0 }, axes: [last])
    let normal = broadcast(centred, map(variance) { ($0 + epsilon).squareRoot() }, /)
    return broadcast(broadcast(normal, weight, *), bias, +)
  }
}

/// Numbers that a graph knows when it is recorded: row-major `values` of `shape`.
struct Constant {
  var shape: [Int]
  var values: [Float]

  init(shape: [Int], values: [Float]) {
    self.shape = shape
    self.values = values
  }

  /// A constant whose values `fill` writes, every one of them.
  init(
    shape: [Int], filling fill: (UnsafeMutableBufferPointer<Float>) throws -> Void
  ) rethrows {
    self.shape = shape
    let count = shape.reduce(1, *)
    values = try [Float](unsafeUninitializedCapacity: count) { buffer, written in
      try fill(UnsafeMutableBufferPointer(rebasing: buffer[..<count]))
      written = count
    }
  }

  init(_ scalar: Float) {
    self.init(shape: [], values: [scalar])
  }
}

/// Two constants are the same when their bits are: 0 and −0 differ, a NaN equals itself.
extension Constant: Hashable {
  static func == (left: Constant, right: Constant) -> Bool {
    guard left.shape == right.shape, left.values.count == right.values.count else { return false }
    return left.values.withUnsafeBytes { a in
      right.values.withUnsafeBytes { b in
        guard let first = a.baseAddress, let second = b.baseAddress else { return true }
        return first == second || memcmp(first, second, a.count) == 0
      }
    }
  }

  func hash(into hasher: inout Hasher) {
    hasher.combine(shape)
    values.withUnsafeBytes { hasher.combine(bytes: $0) }
  }
}
