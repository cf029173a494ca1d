import Foundation
import Networks

/// `Value` computed in the plainest way, element by element in double precision: what the recorded
/// graphs are held against. It shares no code with the graph's own folding.
struct Reference: Value {
  var shape: [Int]
  var values: [Double]

  struct Misfit: Error {}

  init(_ shape: [Int], _ values: [Double]) {
    (self.shape, self.values) = (shape, values)
  }

  /// The value of each index.
  init(_ shape: [Int], _ compute: ([Int]) -> Double) {
    self.shape = shape
    values = Reference.indices(shape).map(compute)
  }

  subscript(_ index: [Int]) -> Double {
    values[zip(index, shape).reduce(0) { $0 * $1.1 + $1.0 }]
  }

  static func indices(_ shape: [Int]) -> [[Int]] {
    shape.reduce([[]]) { found, size in found.flatMap { index in (0..<size).map { index + [$0] } } }
  }

  func constant(_ values: [Float], shape: [Int]) throws -> Reference {
    Reference(shape, values.map(Double.init))
  }

  // MARK: Pointwise

  private func combined(_ other: Reference, _ compute: (Double, Double) -> Double) throws
    -> Reference
  {
    let rank = max(shape.count, other.shape.count)
    let left = Array(repeating: 1, count: rank - shape.count) + shape
    let right = Array(repeating: 1, count: rank - other.shape.count) + other.shape
    guard zip(left, right).allSatisfy({ $0 == $1 || $0 == 1 || $1 == 1 }) else { throw Misfit() }
    func at(_ value: Reference, _ sizes: [Int], _ index: [Int]) -> Double {
      Reference(sizes, value.values)[zip(index, sizes).map { $1 == 1 ? 0 : $0 }]
    }
    return Reference(zip(left, right).map { max($0, $1) }) {
      compute(at(self, left, $0), at(other, right, $0))
    }
  }

  private func mapped(_ compute: (Double) -> Double) -> Reference {
    Reference(shape, values.map(compute))
  }

  static func + (left: Reference, right: Reference) throws -> Reference {
    try left.combined(right, +)
  }
  static func - (left: Reference, right: Reference) throws -> Reference {
    try left.combined(right, -)
  }
  static func * (left: Reference, right: Reference) throws -> Reference {
    try left.combined(right, *)
  }
  static func / (left: Reference, right: Reference) throws -> Reference {
    try left.combined(right, /)
  }

  func affine(scale: Float, offset: Float) throws -> Reference {
    mapped { $0 * Double(scale) + Double(offset) }
  }
  func toFloat() throws -> Reference { self }
  func sigmoid() throws -> Reference { mapped { 1 / (1 + exp(-$0)) } }
  func relu() throws -> Reference { mapped { max($0, 0) } }
  func relu6() throws -> Reference { mapped { min(max($0, 0), 6) } }
  func silu() throws -> Reference { mapped { $0 / (1 + exp(-$0)) } }
  func gelu() throws -> Reference { mapped { 0.5 * $0 * (1 + erf($0 / 2.squareRoot())) } }
  func squareRoot() throws -> Reference { mapped { $0.squareRoot() } }
  func softplus() throws -> Reference { mapped { max($0, 0) + log1p(exp(-abs($0))) } }
  func exponential() throws -> Reference { mapped { exp($0) } }
  func logarithm() throws -> Reference { mapped { log($0) } }

  // MARK: Layout

  func reshaped(_ shape: [Int]) throws -> Reference {
    let stated = shape.filter { $0 != -1 }.reduce(1, *)
    let sizes = shape.map { $0 == -1 ? values.count / stated : $0 }
    guard sizes.reduce(1, *) == values.count else { throw Misfit() }
    return Reference(sizes, values)
  }

  func permuted(_ order: [Int]) throws -> Reference {
    Reference(order.map { shape[$0] }) { index in
      var source = index
      for (to, from) in order.enumerated() { source[from] = index[to] }
      return self[source]
    }
  }

  /// `axis` from the front; negative ones count from the back.
  private func front(_ axis: Int) -> Int { axis < 0 ? axis + shape.count : axis }

  func sliced(axis: Int, _ range: Range<Int>) throws -> Reference {
    let axis = front(axis)
    var sizes = shape
    sizes[axis] = range.count
    return Reference(sizes) { index in
      var source = index
      source[axis] += range.lowerBound
      return self[source]
    }
  }

  func gathered(axis: Int, _ indices: [Int]) throws -> Reference {
    let axis = front(axis)
    var sizes = shape
    sizes[axis] = indices.count
    return Reference(sizes) { index in
      var source = index
      source[axis] = indices[index[axis]]
      return self[source]
    }
  }

  static func concatenated(_ values: [Reference], axis: Int) throws -> Reference {
    let axis = values[0].front(axis)
    var sizes = values[0].shape
    sizes[axis] = values.reduce(0) { $0 + $1.shape[axis] }
    return Reference(sizes) { index in
      var source = index
      for value in values {
        if source[axis] < value.shape[axis] { return value[source] }
        source[axis] -= value.shape[axis]
      }
      return .nan
    }
  }

  // MARK: Reductions

  private func gathered(_ axes: [Int], _ compute: ([Double]) -> Double) -> Reference {
    let axes = axes.map(front)
    let over = Reference.indices(axes.map { shape[$0] })
    let sizes = shape.indices.map { axes.contains($0) ? 1 : shape[$0] }
    return Reference(sizes) { index in
      compute(
        over.map { part in
          var source = index
          for (axis, i) in zip(axes, part) { source[axis] = i }
          return self[source]
        })
    }
  }

  func sum(axes: [Int]) throws -> Reference { gathered(axes) { $0.reduce(0, +) } }
  func mean(axes: [Int]) throws -> Reference {
    gathered(axes) { $0.reduce(0, +) / Double($0.count) }
  }
  func maximum(axes: [Int]) throws -> Reference { gathered(axes) { $0.max() ?? .nan } }

  func largest(_ count: Int, axis: Int) throws -> Reference {
    try .concatenated(
      (0..<count).map { place in gathered([axis]) { $0.sorted(by: >)[place] } }, axis: axis)
  }

  func softmax(axis: Int) throws -> Reference {
    let powers = try combined(maximum(axes: [axis])) { exp($0 - $1) }
    return try powers / powers.sum(axes: [axis])
  }
}

// MARK: - Products

extension Reference {
  func matmul(_ other: Reference) throws -> Reference {
    let (rows, depth) = (shape[shape.count - 2], shape[shape.count - 1])
    let columns = other.shape[other.shape.count - 1]
    guard other.shape[other.shape.count - 2] == depth else { throw Misfit() }
    // [.., rows, 1, depth] · [.., 1, columns, depth], summed over the last dimension.
    var order = Array(other.shape.indices)
    order.swapAt(order.count - 1, order.count - 2)
    let left = try reshaped(shape.dropLast(2) + [rows, 1, depth])
    let right = try other.permuted(order).reshaped(other.shape.dropLast(2) + [1, columns, depth])
    let product = try left * right
    let rank = product.shape.count
    return try product.sum(axes: [rank - 1]).reshaped(product.shape.dropLast())
  }

  func linear(weight: Reference, bias: Reference?) throws -> Reference {
    let product = try matmul(weight.permuted([1, 0]))
    return try bias.map { try product + $0 } ?? product
  }

  func layerNorm(weight: Reference, bias: Reference, epsilon: Float) throws -> Reference {
    let last = shape.count - 1
    let centred = try self - mean(axes: [last])
    let variance = try (centred * centred).mean(axes: [last])
    let normal = try centred / variance.affine(scale: 1, offset: epsilon).squareRoot()
    return try normal * weight + bias
  }

  func attention(keys: Reference, values: Reference, bias: Reference?) throws -> Reference {
    var order = Array(keys.shape.indices)
    order.swapAt(order.count - 1, order.count - 2)
    var scores = try matmul(keys.permuted(order))
      .mapped { $0 / Double(shape[shape.count - 1]).squareRoot() }
    if let bias { scores = try scores + bias }
    return try scores.softmax(axis: scores.shape.count - 1).matmul(values)
  }
}

// MARK: - Feature maps

extension Reference {
  func convolution(
    weight: Reference, bias: Reference?, stride: Int, padding: Padding, groups: Int
  ) throws -> Reference {
    let (outputs, inputs) = (weight.shape[0], weight.shape[1])
    let (rows, columns) = (weight.shape[2], weight.shape[3])
    let height = (shape[2] + padding.top + padding.bottom - rows) / stride + 1
    let width = (shape[3] + padding.left + padding.right - columns) / stride + 1
    return Reference([shape[0], outputs, height, width]) { at in
      let group = at[1] / (outputs / groups)
      var sum = bias?.values[at[1]] ?? 0
      for tap in Reference.indices([inputs, rows, columns]) {
        let y = at[2] * stride + tap[1] - padding.top
        let x = at[3] * stride + tap[2] - padding.left
        guard (0..<shape[2]).contains(y), (0..<shape[3]).contains(x) else { continue }
        sum += self[[at[0], group * inputs + tap[0], y, x]] * weight[[at[1]] + tap]
      }
      return sum
    }
  }

  func averagePooled(kernel: Int, stride: Int, padding: Int) throws -> Reference {
    let channels = shape[1]
    let weight = Reference([channels, 1, kernel, kernel]) { _ in 1 / Double(kernel * kernel) }
    return try convolution(
      weight: weight, bias: nil, stride: stride,
      padding: Padding(top: padding, left: padding, bottom: padding, right: padding),
      groups: channels)
  }

  func maximumPooled(kernel: Int, stride: Int, padding: Int) throws -> Reference {
    let (height, width) = (shape[2], shape[3])
    let sizes = [height, width].map { ($0 + 2 * padding - kernel) / stride + 1 }
    return Reference([shape[0], shape[1]] + sizes) { at in
      var largest = -Double.infinity
      for row in 0..<kernel {
        for column in 0..<kernel {
          let (y, x) = (at[2] * stride - padding + row, at[3] * stride - padding + column)
          guard (0..<height).contains(y), (0..<width).contains(x) else { continue }
          largest = max(largest, self[[at[0], at[1], y, x]])
        }
      }
      return largest
    }
  }

  func resized(height: Int, width: Int) throws -> Reference {
    func position(_ i: Int, _ size: Int, _ from: Int) -> (Int, Int, Double) {
      let exact = size == 1 ? 0 : Double(i * (from - 1)) / Double(size - 1)
      let low = min(Int(exact), from - 1)
      return (low, min(low + 1, from - 1), exact - Double(low))
    }
    return Reference([shape[0], shape[1], height, width]) { at in
      let (top, bottom, down) = position(at[2], height, shape[2])
      let (left, right, across) = position(at[3], width, shape[3])
      func row(_ y: Int) -> Double {
        self[[at[0], at[1], y, left]] * (1 - across) + self[[at[0], at[1], y, right]] * across
      }
      return row(top) * (1 - down) + row(bottom) * down
    }
  }
}
