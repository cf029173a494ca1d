import Networks

extension OperationCase {
  static let all = pointwise + layout + reductions + products + maps

  // MARK: Pointwise

  private struct Add: Forward {
    func callAsFunction<V: Value>(_ x: [V], _ w: [V]) throws -> V { try x[0] + w[0] }
  }
  private struct Subtract: Forward {
    func callAsFunction<V: Value>(_ x: [V], _ w: [V]) throws -> V { try w[0] - x[0] }
  }
  private struct Multiply: Forward {
    func callAsFunction<V: Value>(_ x: [V], _ w: [V]) throws -> V { try x[0] * x[1] * w[0] }
  }
  private struct Divide: Forward {
    func callAsFunction<V: Value>(_ x: [V], _ w: [V]) throws -> V { try x[0] / w[0] }
  }
  private struct Affine: Forward {
    func callAsFunction<V: Value>(_ x: [V], _ w: [V]) throws -> V {
      try x[0].affine(scale: -1.5, offset: 0.25).affine(scale: 1, offset: 0)
    }
  }
  private struct Curve: Forward {
    var kind: String
    func callAsFunction<V: Value>(_ x: [V], _ w: [V]) throws -> V {
      switch kind {
      case "sigmoid": try x[0].sigmoid()
      case "relu": try x[0].relu()
      case "relu6": try x[0].relu6()
      case "silu": try x[0].silu()
      case "gelu": try x[0].gelu()
      case "softplus": try x[0].softplus()
      case "logarithm": try x[0].logarithm()
      default: try x[0].squareRoot()
      }
    }
  }

  static let pointwise =
    [
      OperationCase("add, same rank", [[-1, 3, 4]], weights: [[1, 3, 4]], Add()),
      OperationCase("add a vector", [[-1, 3, 4]], weights: [[4]], Add()),
      OperationCase("add a scalar", [[-1, 3, 4]], weights: [[]], Add()),
      OperationCase("add to a vector of higher rank", [[-1, 4]], weights: [[2, 1, 1]], Add()),
      OperationCase("subtract from a column", [[-1, 3, 4]], weights: [[3, 1]], Subtract()),
      OperationCase(
        "multiply, both broadcast", [[-1, 1, 5], [-1, 4, 1]], weights: [[1, 5]], Multiply()),
      OperationCase("divide", [[-1, 3, 4]], weights: [[3, 4]], range: 0.5...3, Divide()),
      OperationCase("affine", [[-1, 7]], Affine()),
    ]
    + ["sigmoid", "relu", "relu6", "silu", "gelu", "softplus"].map {
      OperationCase($0, [[-1, 5, 9]], range: -20...20, Curve(kind: $0))
    }
    + ["square root", "logarithm"].map {
      OperationCase($0, [[-1, 5]], range: 1e-3...9, Curve(kind: $0))
    }

  // MARK: Layout

  private struct SplitHeads: Forward {
    func callAsFunction<V: Value>(_ x: [V], _ w: [V]) throws -> V {
      let heads = try x[0].reshaped([x[0].shape[0], 6, 2, 4]).permuted([0, 2, 1, 3])
      return try heads.permuted([0, 1, 3, 2])
    }
  }
  private struct MergeBatch: Forward {
    func callAsFunction<V: Value>(_ x: [V], _ w: [V]) throws -> V {
      let rows = try x[0].reshaped([-1, 8]) + w[0]
      return try rows.reshaped([-1, 6, 8]).permuted([1, 0, 2])
    }
  }
  private struct Slices: Forward {
    func callAsFunction<V: Value>(_ x: [V], _ w: [V]) throws -> V {
      try x[0].sliced(axis: 1, 1..<3).sliced(axis: -1, 2..<5).sliced(axis: 1, 0..<2)
    }
  }
  private struct Gather: Forward {
    var axis: Int
    var indices: [Int]
    func callAsFunction<V: Value>(_ x: [V], _ w: [V]) throws -> V {
      try x[0].gathered(axis: axis, indices)
    }
  }
  private struct Join: Forward {
    var axis: Int
    func callAsFunction<V: Value>(_ x: [V], _ w: [V]) throws -> V {
      try V.concatenated([x[0], x[1], x[0]], axis: axis).affine(scale: 2, offset: 0)
    }
  }

  static let layout = [
    OperationCase("split heads", [[-1, 6, 8]], SplitHeads()),
    OperationCase("merge the batch and part it again", [[-1, 6, 8]], weights: [[8]], MergeBatch()),
    OperationCase("slices", [[-1, 4, 6]], Slices()),
    OperationCase("gather in another order", [[-1, 4, 3]], Gather(axis: 1, indices: [3, 0, 2])),
    OperationCase(
      "gather with repeats", [[-1, 2, 3]], folds: false,
      Gather(axis: -1, indices: [0, 1, 1, 2, 0])),
    OperationCase("concatenate channels", [[-1, 2, 3], [-1, 4, 3]], Join(axis: 1)),
    OperationCase("concatenate last", [[-1, 2, 3], [-1, 2, 1]], Join(axis: -1)),
    OperationCase("concatenate batches", [[-1, 2, 3], [-1, 2, 3]], Join(axis: 0)),
  ]

  // MARK: Reductions

  private struct Reduce: Forward {
    var kind: String
    var axes: [Int]
    func callAsFunction<V: Value>(_ x: [V], _ w: [V]) throws -> V {
      switch kind {
      case "sum": try x[0].sum(axes: axes)
      case "mean": try x[0].mean(axes: axes)
      default: try x[0].maximum(axes: axes)
      }
    }
  }
  private struct Largest: Forward {
    var count: Int
    var axis: Int
    func callAsFunction<V: Value>(_ x: [V], _ w: [V]) throws -> V {
      try x[0].largest(count, axis: axis)
    }
  }
  private struct Softmax: Forward {
    var axis: Int
    func callAsFunction<V: Value>(_ x: [V], _ w: [V]) throws -> V { try x[0].softmax(axis: axis) }
  }

  static let reductions =
    ["sum", "mean", "maximum"].flatMap { kind in
      [[2, 3], [-1], [1], [0, 2]].map { axes in
        OperationCase(
          "\(kind) over \(axes)", [[-1, 3, 4, 5]], Reduce(kind: kind, axes: axes))
      }
    }
    + [1, -1].map {
      OperationCase("largest over \($0)", [[-1, 6, 5]], folds: false, Largest(count: 3, axis: $0))
    }
    + [1, -1].map {
      OperationCase("softmax over \($0)", [[-1, 3, 7]], range: -30...30, Softmax(axis: $0))
    }
}
