import Foundation
import Networks
import ONNX
import OpenVINO
import Testing

@Suite struct OperationTests {
  @Test(arguments: OperationCase.all)
  func unknownBatch(_ operation: OperationCase) throws {
    let graph = try operation.graph(inputs: operation.inputs)
    let request = try Engine.request(graph)
    // The same request, so that its buffers grow and shrink.
    for batch in [1, 3, 2] {
      for (index, shape) in operation.shapes(batch: batch).enumerated() {
        try request.setInput("x\(index)", operation.values(batch: batch)[index], shape: shape)
      }
      try request.infer()
      expectEqual(
        try request.output("y"), try operation.expected(batch: batch), "batch of \(batch)")
    }
  }

  @Test(arguments: OperationCase.all)
  func knownBatch(_ operation: OperationCase) throws {
    let expected = try operation.expected(batch: 3)
    let shapes = operation.shapes(batch: 3)
    let inputs = zip(shapes, operation.values(batch: 3)).map { (shape: $0, values: $1) }
    let dynamic = try operation.graph(inputs: operation.inputs)
    expectEqual(try Engine.run(dynamic, inputs, batch: 3), expected, "fixed when compiling")
    let fixed = try operation.graph(inputs: shapes)
    expectEqual(try Engine.run(fixed, inputs), expected, "fixed when recording")
  }

  /// Over constants alone nothing is left to do but hand out the result.
  @Test(arguments: OperationCase.all)
  func folded(_ operation: OperationCase) throws {
    let graph = try operation.constantGraph(batch: 2)
    #expect(graph.operations().isEmpty == operation.folds)
    expectEqual(try Engine.run(graph, []), try operation.expected(batch: 2), "folded")
  }

  @Test func picturesOfBytes() throws {
    let graph = Graph()
    let pictures = try graph.input("x0", shape: [-1, 2, 3, 3], type: .uint8)
    #expect(pictures.type == .uint8)
    let normal = try pictures.permuted([0, 3, 1, 2]).toFloat().affine(scale: 1 / 255, offset: -0.5)
    try graph.output(normal, name: "y")
    let request = try Engine.request(graph)
    let bytes = (0..<36).map { UInt8($0 * 7) }
    try request.setInput("x0", bytes, shape: [2, 2, 3, 3])
    try request.infer()
    let expected = try Reference([2, 2, 3, 3], bytes.map(Double.init)).permuted([0, 3, 1, 2])
      .affine(scale: 1 / 255, offset: -0.5)
    expectEqual(try request.output("y"), expected, "bytes to normalised channels")
  }

  /// A NaN in a weight has to come out as NaN, not clipped to a number that looks right.
  @Test func foldingKeepsNotANumber() throws {
    let graph = Graph()
    let bad = try graph.parameter("w", shape: [2], values: [.nan, 1])
    let value = try (bad.relu() * bad.relu6() + bad.maximum(axes: [0]) + bad.sigmoid())
    try graph.output(value, name: "y")
    #expect(graph.operations().isEmpty)
    #expect(try Engine.run(graph, []).values.allSatisfy(\.isNaN))
  }
}
