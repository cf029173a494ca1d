import Foundation

/// A linear map of one dimension of a picture, as its matrix.
public struct LineFilter: Equatable, Sendable {
  public let outputs: Int
  public let inputs: Int
  /// Row-major, outputs × inputs.
  public let matrix: [Float]

  init(outputs: Int, inputs: Int, _ row: (Int) -> [(column: Int, weight: Double)]) {
    var matrix = [Double](repeating: 0, count: outputs * inputs)
    for output in 0..<outputs {
      for entry in row(output) { matrix[output * inputs + entry.column] += entry.weight }
    }
    self.outputs = outputs
    self.inputs = inputs
    self.matrix = matrix.map(Float.init)
  }

  /// Linear interpolation with aligned corners.
  public static func bilinear(from inputs: Int, to outputs: Int) -> LineFilter {
    let step = outputs > 1 ? Double(inputs - 1) / Double(outputs - 1) : 0
    return LineFilter(outputs: outputs, inputs: inputs) { output in
      let position = Double(output) * step
      let low = min(Int(position), inputs - 1)
      let high = min(low + 1, inputs - 1)
      let share = position - Double(low)
      return [(low, 1 - share), (high, share)]
    }
  }

  /// Bicubic interpolation by size, pixel centres at halves, antialiased: where the picture shrinks, the
  /// kernel (Keys, 1981, with a = −½) is as much wider. PyTorch's `interpolate` with `antialias`, and Pillow's
  /// `resize`, do the same.
  public static func bicubic(from inputs: Int, to outputs: Int) -> LineFilter {
    let scale = Double(inputs) / Double(outputs)
    let stretch = max(scale, 1)
    return LineFilter(outputs: outputs, inputs: inputs) { output in
      let centre = scale * (Double(output) + 0.5)
      let first = max(Int(centre - 2 * stretch + 0.5), 0)
      let end = min(Int(centre + 2 * stretch + 0.5), inputs)
      let weights = (first..<end).map { ($0, cubic((Double($0) - centre + 0.5) / stretch)) }
      let total = weights.reduce(0) { $0 + $1.1 }
      return weights.map { ($0.0, $0.1 / total) }
    }
  }

  /// Keys' kernel with a = −½.
  private static func cubic(_ distance: Double) -> Double {
    let (a, x) = (-0.5, abs(distance))
    if x < 1 { return ((a + 2) * x - (a + 3)) * x * x + 1 }
    return x < 2 ? (((x - 5) * x + 8) * x - 4) * a : 0
  }

  /// The mean of `window` neighbours, stride 1, no padding.
  public static func average(size: Int, window: Int) -> LineFilter {
    LineFilter(outputs: size - window + 1, inputs: size) { output in
      (output..<output + window).map { ($0, 1 / Double(window)) }
    }
  }

  /// A Gaussian of deviation `sigma`, radius 4σ, edges mirrored with the edge pixel repeated.
  public static func gaussian(size: Int, sigma: Double) -> LineFilter {
    let radius = Int(4 * sigma + 0.5)
    let weights = (-radius...radius).map { offset in
      let x = Double(offset) / sigma
      return (offset, exp(-0.5 * x * x))
    }
    let total = weights.reduce(0) { $0 + $1.1 }
    return LineFilter(outputs: size, inputs: size) { output in
      weights.map { (mirrored(output + $0.0, size), $0.1 / total) }
    }
  }

  /// A Gaussian of deviation `sigma` that is cut off beyond `radius`; outside of the picture is nothing, so
  /// that it falls off towards the edges.
  public static func gaussian(size: Int, sigma: Double, radius: Int) -> LineFilter {
    let weights = (-radius...radius).map { offset in
      let x = Double(offset) / sigma
      return (offset, exp(-0.5 * x * x))
    }
    let total = weights.reduce(0) { $0 + $1.1 }
    return LineFilter(outputs: size, inputs: size) { output in
      weights.filter { (0..<size).contains(output + $0.0) }.map { (output + $0.0, $0.1 / total) }
    }
  }

  private static func mirrored(_ index: Int, _ size: Int) -> Int {
    let period = 2 * size
    let wrapped = ((index % period) + period) % period
    return wrapped < size ? wrapped : period - 1 - wrapped
  }

  /// `other` after this one.
  func followed(by other: LineFilter) -> LineFilter {
    LineFilter(outputs: other.outputs, inputs: inputs) { output in
      (0..<inputs).map { column in
        var sum = 0.0
        for k in 0..<outputs {
          let weight = other.matrix[output * other.inputs + k]
          if weight != 0 { sum += Double(weight) * Double(matrix[k * inputs + column]) }
        }
        return (column, sum)
      }
    }
  }
}

/// A separable linear map of pictures, `R·X·Cᵀ`. Interpolation, pooling and smoothing of an anomaly map
/// are all of this form, so any chain of them is two small matrix products, the same in every engine.
public struct SeparableFilter: Equatable, Sendable {
  public let rows: LineFilter
  public let columns: LineFilter

  public init(rows: LineFilter, columns: LineFilter) {
    self.rows = rows
    self.columns = columns
  }

  /// `rows` and `columns` after this one's.
  public func followed(rows next: LineFilter, columns other: LineFilter) -> SeparableFilter {
    SeparableFilter(rows: rows.followed(by: next), columns: columns.followed(by: other))
  }

  /// `[batch, channels, h, w]` → `[batch, channels, rows.outputs, columns.outputs]`.
  public func callAsFunction<V: Value>(_ value: V) throws -> V {
    let left = try value.constant(rows.matrix, shape: [1, 1, rows.outputs, rows.inputs])
    let right = try value.constant(
      columns.matrix, shape: [1, 1, columns.outputs, columns.inputs]
    ).permuted([0, 1, 3, 2])
    return try left.matmul(value).matmul(right)
  }
}
