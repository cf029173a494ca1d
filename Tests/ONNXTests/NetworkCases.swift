import Networks

extension OperationCase {
  // MARK: Products

  private struct Matmul: Forward {
    func callAsFunction<V: Value>(_ x: [V], _ w: [V]) throws -> V { try x[0].matmul(w[0]) }
  }
  private struct MatmulFromLeft: Forward {
    func callAsFunction<V: Value>(_ x: [V], _ w: [V]) throws -> V { try w[0].matmul(x[0]) }
  }
  private struct Linear: Forward {
    func callAsFunction<V: Value>(_ x: [V], _ w: [V]) throws -> V {
      try x[0].linear(weight: w[0], bias: w.count > 1 ? w[1] : nil)
    }
  }
  private struct Perceptron: Forward {
    func callAsFunction<V: Value>(_ x: [V], _ w: [V]) throws -> V {
      try x[0].perceptron(
        first: LinearWeights(weight: w[0], bias: w[1]),
        second: LinearWeights(weight: w[2], bias: w[3]))
    }
  }
  private struct LayerNorm: Forward {
    func callAsFunction<V: Value>(_ x: [V], _ w: [V]) throws -> V {
      try x[0].layerNorm(weight: w[0], bias: w[1], epsilon: 1e-5)
    }
  }
  private struct Attention: Forward {
    func callAsFunction<V: Value>(_ x: [V], _ w: [V]) throws -> V {
      try x[0].attention(keys: x[1], values: x[2], bias: w.first)
    }
  }
  /// Each query sees the keys within two places of its own.
  private struct MaskedAttention: Forward {
    func callAsFunction<V: Value>(_ x: [V], _ w: [V]) throws -> V {
      let mask = (0..<64).map { abs($0 / 8 - $0 % 8) > 2 ? -Float.infinity : 0 }
      let bias = try x[0].constant(mask, shape: [8, 8])
      return try x[0].attention(keys: x[0], values: x[1], bias: bias)
    }
  }
  /// The queries are learned, so their side of the product is known.
  private struct LearnedQueries: Forward {
    func callAsFunction<V: Value>(_ x: [V], _ w: [V]) throws -> V {
      let queries = try w[0].linear(weight: w[1], bias: w[2])
        .reshaped([1, 5, 2, 4]).permuted([0, 2, 1, 3])
      return try queries.attention(keys: x[0], values: x[0], bias: nil)
    }
  }

  static let products = [
    OperationCase("matmul, batched", [[-1, 2, 3, 4]], weights: [[1, 2, 4, 5]], Matmul()),
    OperationCase("matmul with one matrix", [[-1, 2, 3, 4]], weights: [[4, 5]], Matmul()),
    OperationCase(
      "matmul from the left", [[-1, 3, 4]], weights: [[2, 1, 5, 3]], MatmulFromLeft()),
    OperationCase("linear", [[-1, 3, 8]], weights: [[5, 8], [5]], Linear()),
    OperationCase("linear without bias", [[-1, 8]], weights: [[5, 8]], Linear()),
    OperationCase(
      "perceptron", [[-1, 3, 4]], weights: [[6, 4], [6], [5, 6], [5]], Perceptron()),
    OperationCase("layer norm", [[-1, 3, 16]], weights: [[16], [16]], LayerNorm()),
    OperationCase("attention", [[-1, 2, 6, 4], [-1, 2, 5, 4], [-1, 2, 5, 4]], Attention()),
    OperationCase(
      "attention with a bias", [[-1, 2, 6, 4], [-1, 2, 5, 4], [-1, 2, 5, 3]],
      weights: [[1, 2, 6, 5]], Attention()),
    OperationCase(
      "attention that hides keys", [[-1, 2, 8, 4], [-1, 2, 8, 4]], MaskedAttention()),
    OperationCase(
      "attention of three dimensions", [[-1, 6, 4], [-1, 5, 4], [-1, 5, 4]], Attention()),
    OperationCase(
      "attention of learned queries", [[-1, 2, 6, 4]], weights: [[5, 8], [8, 8], [8]],
      LearnedQueries()),
  ]

  // MARK: Feature maps

  private struct Convolution: Forward {
    var stride = 1
    var padding = Padding.none
    var groups = 1
    func callAsFunction<V: Value>(_ x: [V], _ w: [V]) throws -> V {
      try x[0].convolution(
        weight: w[0], bias: w.count > 1 ? w[1] : nil, stride: stride, padding: padding,
        groups: groups)
    }
  }
  private struct Pool: Forward {
    var kernel: Int
    var stride: Int
    var padding: Int
    func callAsFunction<V: Value>(_ x: [V], _ w: [V]) throws -> V {
      try x[0].averagePooled(kernel: kernel, stride: stride, padding: padding)
    }
  }
  private struct MaximumPool: Forward {
    var kernel: Int
    var stride: Int
    var padding: Int
    func callAsFunction<V: Value>(_ x: [V], _ w: [V]) throws -> V {
      try x[0].maximumPooled(kernel: kernel, stride: stride, padding: padding)
    }
  }
  private struct Resize: Forward {
    var height: Int
    var width: Int
    func callAsFunction<V: Value>(_ x: [V], _ w: [V]) throws -> V {
      try x[0].resized(height: height, width: width)
    }
  }

  static let maps =
    [
      OperationCase(
        "convolution", [[-1, 3, 6, 7]], weights: [[4, 3, 3, 3], [4]], folds: false,
        Convolution(padding: Padding(top: 1, left: 1, bottom: 1, right: 1))),
      OperationCase(
        "convolution, strided, padded unevenly", [[-1, 3, 9, 8]], weights: [[4, 3, 3, 5], [4]],
        folds: false,
        Convolution(stride: 2, padding: Padding(top: 0, left: 1, bottom: 2, right: 3))),
      OperationCase(
        "convolution in groups", [[-1, 4, 6, 6]], weights: [[6, 2, 3, 3]], folds: false,
        Convolution(
          stride: 2, padding: Padding(top: 0, left: 0, bottom: 1, right: 1), groups: 2)),
      OperationCase(
        "convolution by depth", [[-1, 8, 7, 7]], weights: [[8, 1, 5, 5], [8]], folds: false,
        Convolution(
          stride: 2, padding: Padding(top: 1, left: 1, bottom: 2, right: 2), groups: 8)),
      OperationCase(
        "convolution, 1 by 1", [[-1, 5, 4, 4]], weights: [[7, 5, 1, 1], [7]], folds: false,
        Convolution()),
      OperationCase(
        "average pooling", [[-1, 3, 6, 7]], folds: false, Pool(kernel: 3, stride: 1, padding: 1)),
      OperationCase(
        "average pooling, strided", [[-1, 3, 9, 8]], folds: false,
        Pool(kernel: 4, stride: 3, padding: 2)),
      // All below zero at the border: padding must not win.
      OperationCase(
        "maximum pooling", [[-1, 3, 7, 6]], folds: false, range: -9 ... -1,
        MaximumPool(kernel: 3, stride: 2, padding: 1)),
      OperationCase(
        "average pooling to a few", [[-1, 1, 20, 20]], folds: false,
        Pool(kernel: 16, stride: 1, padding: 0)),
    ]
    + [
      ("grow", [5, 7], 14, 11), ("shrink", [28, 21], 14, 5),
      ("grow 14 to 56", [14, 14], 56, 56),
      ("awkward ratios", [41, 23], 29, 49), ("to one pixel", [5, 6], 1, 1),
      ("from one pixel", [1, 1], 3, 4), ("one way only", [6, 6], 6, 3),
    ].map { name, from, height, width in
      OperationCase(
        "resize: \(name)", [[-1, 2] + from], folds: false, Resize(height: height, width: width))
    }
}
