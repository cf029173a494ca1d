import Foundation
import Networks
import ONNX
import Testing

@Suite struct GraphTests {
  /// What `body` throws, as its user reads it.
  private func message(_ body: () throws -> Void) throws -> String {
    let error = try #require(throws: GraphError.self, performing: body)
    return error.description
  }

  @Test func unknownBatchIsKeptApart() throws {
    let graph = Graph()
    let x = try graph.input("x", shape: [-1, 196, 256])
    #expect(x.shape == [-1, 196, 256])
    #expect(try x.reshaped([-1, 196, 8, 32]).shape == [-1, 196, 8, 32])
    #expect(try x.reshaped([-1, 256]).shape == [-1, 256])
    #expect(try x.reshaped([-1, 256]).reshaped([-1, 14, 14, 256]).shape == [-1, 14, 14, 256])
    #expect(try x.permuted([1, 0, 2]).shape == [196, -1, 256])
    #expect(try x.mean(axes: [0]).shape == [1, 196, 256])
    #expect(try x.matmul(x.permuted([0, 2, 1])).shape == [-1, 196, 196])
    // 196 rows a picture are not the batch, nor the batch twice.
    let rows = try x.reshaped([-1, 256])
    #expect(try message { _ = try rows + x.mean(axes: [1]).reshaped([-1, 256]) }.contains("Add"))
    #expect(try message { _ = try x.reshaped([-1, 195, 256]) }.contains("per picture"))
    #expect(try message { _ = try x.reshaped([4, 196, 256]) }.contains("batch is unknown"))
    #expect(try message { _ = try x.reshaped([-1, -1, 256]) }.contains("at most one"))
    #expect(try message { _ = try x.sliced(axis: 0, 0..<1) }.contains("unknown batch"))
  }

  @Test func misfitsAreNamed() throws {
    let graph = Graph()
    let x = try graph.input("x", shape: [-1, 4, 6, 6])
    let weight = try graph.parameter("w", shape: [3, 5], values: [Float](repeating: 0, count: 15))
    let bytes = try graph.input("bytes", shape: [2, 2], type: .uint8)
    #expect(try message { _ = try x.linear(weight: weight, bias: nil) }.contains("[3, 5]"))
    #expect(try message { _ = try x.matmul(weight) }.contains("[batch, 4, 6, 6]"))
    #expect(try message { _ = try bytes + bytes }.contains("toFloat"))
    #expect(try message { _ = try x.softmax(axis: 4) }.contains("axis 4"))
    #expect(try message { _ = try x.sum(axes: [1, -3]) }.contains("once"))
    #expect(try message { _ = try x.sum(axes: []) }.contains("[]"))
    #expect(try message { _ = try x.sliced(axis: 1, 2..<5) }.contains("which has 4"))
    #expect(try message { _ = try x.gathered(axis: 1, [0, 4]) }.contains("which has 4"))
    #expect(try message { _ = try x.gathered(axis: 0, [0]) }.contains("unknown batch"))
    #expect(try message { _ = try x.permuted([0, 1, 1, 2]) }.contains("each dimension once"))
    #expect(try message { _ = try Node.concatenated([x, bytes], axis: 1) }.contains("[2, 2]"))
    #expect(try message { _ = try Node.concatenated([], axis: 1) }.contains("no values"))
    #expect(
      try message {
        let weight = try x.constant([Float](repeating: 1, count: 75), shape: [3, 1, 5, 5])
        _ = try x.convolution(weight: weight, bias: nil, stride: 1, padding: .none, groups: 1)
      }.contains("[3, 1, 5, 5]"))
    #expect(
      try message { _ = try x.averagePooled(kernel: 9, stride: 1, padding: 1) }.contains("larger"))
    #expect(try message { _ = try x.constant([1, 2], shape: [3]) }.contains("needs 3"))
    #expect(try message { _ = try graph.input("x", shape: [1]) }.contains("twice"))
    #expect(try message { _ = try graph.input("y", shape: [2, -1]) }.contains("[2, -1]"))
    #expect(try message { _ = try graph.model() }.contains("no output"))
  }

  @Test func graphsDoNotMix() throws {
    let (one, other) = (Graph(name: "one"), Graph(name: "other"))
    let a = try one.input("a", shape: [-1, 2, 2])
    let b = try other.input("b", shape: [-1, 2, 2])
    let scale = try other.parameter("scale", shape: [2], values: [1, 2])
    for mixed in [
      { try a + b }, { try a.matmul(b) }, { try Node.concatenated([a, b], axis: 1) },
      { try a.layerNorm(weight: scale, bias: scale, epsilon: 1e-5) },
      { try a.attention(keys: b, values: a, bias: nil) },
    ] as [() throws -> Node] {
      let text = try message { _ = try mixed() }
      #expect(text.contains("'one'") && text.contains("'other'"))
    }
    #expect(try message { try one.output(b, name: "y") }.contains("'other'"))
  }

  @Test func parametersAreCheckedByName() throws {
    let graph = Graph()
    let parameters = graph.parameters(from: [
      "encoder.0.weight": ([2, 2], [1, 2, 3, 4]), "encoder.0.bias": ([2], [1, 2]),
    ])
    let scope = parameters.scope("encoder").scope("0")
    let weight = try scope("weight", [2, 2], .zeros)
    #expect(weight.shape == [2, 2])
    let shape = try message { _ = try scope("bias", [3], .zeros) }
    #expect(shape.contains("'encoder.0.bias' has shape [2], the network needs [3]"))
    let missing = try message { _ = try parameters("decoder.0.weight", [2, 2], .zeros) }
    #expect(missing.contains("'decoder.0.weight'") && missing.contains("encoder.0.weight"))
    // Twice is the same constant, not a second one.
    let x = try graph.input("x", shape: [-1, 2])
    try graph.output(x.matmul(weight).matmul(scope("weight", [2, 2], .zeros)), name: "y")
    #expect(try graph.initializers() == ["encoder.0.weight"])
  }

  @Test func whatDependsOnNoInputIsComputedOnce() throws {
    let graph = Graph()
    let x = try graph.input("x", shape: [-1, 4, 8])
    let ones = [Float](repeating: 1, count: 64)
    let weight = try graph.parameter("w.weight", shape: [8, 8], values: ones)
    let position = try graph.parameter(
      "position", shape: [1, 4, 8], values: Array(ones.prefix(32)))
    let query = try (position + position).linear(weight: weight, bias: nil)
    try graph.output(query.attention(keys: x, values: x, bias: nil), name: "y")
    // The queries, their projection and their scale are one constant.
    #expect(graph.operations() == ["MatMul": 2, "Softmax": 1, "Transpose": 1])
    #expect(try graph.initializers() == ["position.Add.MatMul.Mul"])
  }

  @Test func equalThingsAreStoredOnce() throws {
    let graph = Graph()
    let x = try graph.input("x", shape: [-1, 2])
    let zeros = try graph.parameter("a", shape: [2], values: [0, 0])
    let alike = try graph.parameter("b", shape: [2], values: [0, 0])
    let one = try (x + zeros) * x.constant([3, 4], shape: [2])
    let two = try (x + zeros) * x.constant([3, 4], shape: [2])
    try graph.output(one.sigmoid() - two, name: "y")
    try graph.output(x + alike, name: "z")
    // Parameters keep their names though their values agree.
    #expect(graph.operations() == ["Add": 2, "Mul": 1, "Sigmoid": 1, "Sub": 1])
    #expect(Set(try graph.initializers()) == ["a", "b", "constant"])
  }

  @Test func whatNoOutputNeedsIsLeftOut() throws {
    let graph = Graph()
    let x = try graph.input("x", shape: [-1, 2])
    _ = try graph.parameter("unused", shape: [2], values: [1, 2])
    _ = try x.sigmoid().softmax(axis: 1)
    try graph.output(x.relu(), name: "y")
    #expect(graph.operations() == ["Relu": 1])
    #expect(try graph.initializers() == [])
  }

  @Test func whatChangesNothingIsNotRecorded() throws {
    let graph = Graph()
    let x = try graph.input("x", shape: [-1, 2, 3, 3])
    let same = try x.reshaped([-1, 2, 3, 3]).permuted([0, 1, 2, 3]).sliced(axis: 1, 0..<2)
      .affine(scale: 1, offset: 0).resized(height: 3, width: 3).toFloat()
      .permuted([0, 2, 3, 1]).permuted([0, 3, 1, 2]).reshaped([-1, 9]).reshaped([-1, 2, 3, 3])
    try graph.output(same, name: "y")
    #expect(graph.operations().isEmpty)
  }

  @Test func foldingDoesNotSwellTheFile() throws {
    let graph = Graph()
    let column = try graph.parameter(
      "column", shape: [2048, 1], values: [Float](repeating: 2, count: 2048))
    let square = try column * column.permuted([1, 0])
    let x = try graph.input("x", shape: [-1, 1, 2048])
    try graph.output(x.matmul(square), name: "y")
    #expect(graph.operations()["Mul"] == 1)
    #expect(try graph.model().count < 100_000)
  }

  @Test func theSameGraphGivesTheSameBytes() throws {
    func model() throws -> Data {
      let graph = Graph(name: "twice")
      graph.metadata = ["method": "ras", "a": "1", "z": "2"]
      let x = try graph.input("x", shape: [-1, 3, 8, 8])
      let weight = try x.constant((0..<81).map(Float.init), shape: [3, 3, 3, 3])
      let y = try x.convolution(
        weight: weight, bias: nil, stride: 1, padding: .none, groups: 1)
      try graph.output(y.gelu().resized(height: 4, width: 4), name: "y")
      return try graph.model()
    }
    #expect(try model() == model())
  }
}
