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
