import Foundation

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
