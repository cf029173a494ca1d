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
