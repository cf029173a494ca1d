import Foundation
import Networks
import ONNX
import OpenVINO
import Testing

/// A small network, written once as Norma's are.
protocol Forward: Sendable {
  func callAsFunction<V: Value>(_ x: [V], _ weights: [V]) throws -> V
}

/// An operation to hold against `Reference`: the network, its inputs (`-1` is the batch) and
/// weights.
struct OperationCase: Sendable, CustomTestStringConvertible {
  var name: String
  var inputs: [[Int]]
  var weights: [[Int]]
  /// Whether the operation is computed while recording when everything is known.
  var folds = true
  var range: ClosedRange<Double> = -2...2
  var network: any Forward

  init(
    _ name: String, _ inputs: [[Int]], weights: [[Int]] = [], folds: Bool = true,
    range: ClosedRange<Double> = -2...2, _ network: any Forward
  ) {
    (self.name, self.inputs, self.weights, self.folds) = (name, inputs, weights, folds)
    (self.range, self.network) = (range, network)
  }

  var testDescription: String { name }

  /// Reproducible numbers; the same index gives the same ones.
  func numbers(_ shape: [Int], _ index: Int) -> [Float] {
    var state = UInt64(index + 1) &* 0x9E37_79B9_7F4A_7C15
    return (0..<shape.reduce(1, *)).map { _ in
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      let unit = Double(state >> 33) / Double(UInt64(1) << 31)
      return Float(range.lowerBound + unit * (range.upperBound - range.lowerBound))
    }
  }

  func shapes(batch: Int) -> [[Int]] {
    inputs.map { $0.map { $0 == -1 ? batch : $0 } }
  }

  /// The inputs' values for a batch.
  func values(batch: Int) -> [[Float]] {
    shapes(batch: batch).enumerated().map { numbers($1, $0) }
  }

  /// The values and shape that `Reference` gives.
  func expected(batch: Int) throws -> Reference {
    func constants(_ shapes: [[Int]], from first: Int) -> [Reference] {
      shapes.enumerated().map { Reference($1, numbers($1, first + $0).map(Double.init)) }
    }
    return try network(
      constants(shapes(batch: batch), from: 0), constants(weights, from: inputs.count))
  }

  /// The network with inputs of the given shapes and its weights as parameters.
  func graph(inputs shapes: [[Int]]) throws -> Graph {
    let graph = Graph(name: name)
    let x = try shapes.enumerated().map { try graph.input("x\($0)", shape: $1) }
    let w = try weights.enumerated().map {
      try graph.parameter("w\($0)", shape: $1, values: numbers($1, inputs.count + $0))
    }
    try graph.output(try network(x, w), name: "y")
    return graph
  }

  /// The network over constants alone.
  func constantGraph(batch: Int) throws -> Graph {
    let graph = Graph(name: name)
    let all = shapes(batch: batch) + weights
    let values = try all.enumerated().map {
      try graph.parameter("p\($0)", shape: $1, values: numbers($1, $0))
    }
    let x = Array(values.prefix(inputs.count))
    let w = Array(values.dropFirst(inputs.count))
    try graph.output(try network(x, w), name: "y")
    return graph
  }
}

enum Engine {
  static let core = Result { try Core() }

  /// What OpenVINO makes of a graph's output `y`.
  static func run(
    _ graph: Graph, _ inputs: [(shape: [Int], values: [Float])], batch: Int? = nil
  ) throws -> (shape: [Int], values: [Float]) {
    let request = try request(graph, batch: batch)
    for (index, input) in inputs.enumerated() {
      try request.setInput("x\(index)", input.values, shape: input.shape)
    }
    try request.infer()
    return try request.output("y")
  }

  static func request(_ graph: Graph, batch: Int? = nil) throws -> InferRequest {
    try core.get().compile(
      onnx: graph.model(), options: CompileOptions(threads: 2, batch: batch)
    ).makeRequest()
  }
}

/// Expects equal shapes, and values equal within `tolerance` of their size (or of 1).
func expectEqual(
  _ found: (shape: [Int], values: [Float]), _ expected: Reference, within tolerance: Double = 2e-5,
  _ comment: Comment, sourceLocation: SourceLocation = #_sourceLocation
) {
  #expect(found.shape == expected.shape, comment, sourceLocation: sourceLocation)
  #expect(found.values.count == expected.values.count, comment, sourceLocation: sourceLocation)
  let worst = zip(found.values, expected.values).map { a, b in
    Double(a) == b ? 0 : abs(Double(a) - b) / max(1, abs(b))
  }.max { $0.isNaN ? false : $1.isNaN || $0 < $1 }
  #expect(worst ?? .infinity < tolerance, comment, sourceLocation: sourceLocation)
}

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
      case "exponential": try x[0].exponential()
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
    + [OperationCase("exponential", [[-1, 5]], range: -9...3, Curve(kind: "exponential"))]
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
