import Foundation
import Networks
import ONNX
import OpenVINO
import Testing

@Suite struct EngineTests {
  /// x · w + b over the last dimension, softmax, under names of its own.
  private func graph(scale: Float = 1, inner: Int = 16, batch: Int = -1) throws -> Graph {
    let graph = Graph()
    let x = try graph.input("x0", shape: [batch, 4, inner])
    let weight = (0..<inner * inner).map { sin(Float($0)) * scale }
    let y = try x.linear(weight: x.constant(weight, shape: [inner, inner]), bias: nil)
    try graph.output(y.softmax(axis: 2), name: "y")
    try graph.output(y.mean(axes: [1, 2]).reshaped([-1]), name: "mean")
    return graph
  }

  private func numbers(_ count: Int, from start: Int = 0) -> [Float] {
    (start..<start + count).map { cos(Float($0) * 0.7) }
  }

  private func message(_ body: () throws -> Void) throws -> String {
    let error = try #require(throws: OpenVINOError.self, performing: body)
    return error.description
  }

  @Test func theInstallationShowsItself() throws {
    let core = try Engine.core.get()
    #expect(Core.version.hasPrefix("20"))
    #expect(try core.devices().contains("CPU"))
    #expect(try core.capabilities().contains("FP32"))
    #expect(try !core.fullName().isEmpty)
    let library = try #require(Core.libraryPath)
    #expect(FileManager.default.fileExists(atPath: library))
  }

  @Test func portsShowShapesAndTypes() throws {
    let core = try Engine.core.get()
    let model = try graph().model()
    let dynamic = try core.compile(onnx: model)
    #expect(try dynamic.input("x0").shape == [-1, 4, 16])
    #expect(dynamic.outputs.map(\.name) == ["y", "mean"])
    #expect(dynamic.outputs.map(\.shape) == [[-1, 4, 16], [-1]])
    #expect(dynamic.inputs.map(\.type) == [.float32])
    let fixed = try core.compile(onnx: model, options: CompileOptions(batch: 5))
    #expect(fixed.inputs.map(\.shape) == [[5, 4, 16]])
    #expect(fixed.outputs.map(\.shape) == [[5, 4, 16], [5]])
    #expect(try fixed.optimalRequestCount() >= 1)
  }

  @Test func precisionIsWhatWasAskedFor() throws {
    let core = try Engine.core.get()
    let model = try graph().model()
    let single = try core.compile(onnx: model, options: CompileOptions(precision: .f32))
    #expect(try single.executionPrecision() == "f32")
  }

  @Test(.enabled(if: hasBF16, "the processor computes in bf16 only what it has instructions for"))
  func halfPrecisionIsWhatWasAskedFor() throws {
    let half = try Engine.core.get().compile(
      onnx: graph().model(), options: CompileOptions(precision: .bf16))
    #expect(try half.executionPrecision() == "bf16")
  }

  private static let hasBF16 =
    (try? Engine.core.get().capabilities().contains("BF16")) ?? false

  @Test func requestsRunSideBySide() async throws {
    let model = try Engine.core.get().compile(
      onnx: graph().model(), options: CompileOptions(hint: .throughput, threads: 2))
    let alone = try model.makeRequest()
    let expected = try (0..<24).map { index in
      try alone.setInput("x0", numbers(64, from: index), shape: [1, 4, 16])
      try alone.infer()
      return try alone.output("y").values
    }
    let found = try await withThrowingTaskGroup(of: (Int, [Float]).self) { group in
      for index in 0..<24 {
        group.addTask {
          let request = try model.makeRequest()
          try request.setInput("x0", numbers(64, from: index), shape: [1, 4, 16])
          try request.infer()
          return (index, try request.output("y").values)
        }
      }
      return try await group.reduce(into: [Int: [Float]]()) { $0[$1.0] = $1.1 }
    }
    for index in 0..<24 { #expect(found[index] == expected[index]) }
  }

  @Test func buffersAreFilledAndReadInPlace() throws {
    let request = try Engine.core.get().compile(onnx: graph().model()).makeRequest()
    try request.fillInput("x0", as: Float.self, shape: [2, 4, 16]) { buffer in
      for index in buffer.indices { buffer[index] = Float(index % 5) }
    }
    try request.infer()
    let sums = try request.withOutput("y") { values, shape in
      #expect(shape == [2, 4, 16])
      return stride(from: 0, to: values.count, by: 16).map {
        values[$0..<$0 + 16].reduce(0, +)
      }
    }
    #expect(sums.count == 8 && sums.allSatisfy { abs($0 - 1) < 1e-5 })
    // Reading one output while another is open.
    let both = try request.withOutput("y") { y, _ in
      try request.withOutput("mean") { mean, _ in y.count + mean.count }
    }
    #expect(both == 130)
    #expect(
      try message { try request.withOutput("y") { _, _ in try request.infer() } }
        .contains("inside"))
    #expect(
      try message {
        try request.fillInput("x0", as: Float.self, shape: [2, 4, 16]) { _ in
          try request.setInput("x0", numbers(64), shape: [1, 4, 16])
        }
      }.contains("inside"))
    try request.infer()
  }

  @Test func layersAreProfiledOnRequest() throws {
    let core = try Engine.core.get()
    let model = try graph().model()
    let request = try core.compile(onnx: model, options: CompileOptions(profiling: true))
      .makeRequest()
    try request.setInput("x0", numbers(64), shape: [1, 4, 16])
    try request.infer()
    let layers = try request.profile().filter(\.wasExecuted)
    #expect(layers.contains { $0.type == "Softmax" || $0.type == "SoftMax" })
    #expect(layers.allSatisfy { !$0.kernel.isEmpty && $0.microseconds >= 0 })
    let plain = try core.compile(onnx: model).makeRequest()
    #expect(try message { _ = try plain.profile() }.contains("profiling"))
  }

  // MARK: Misuse

  @Test func brokenModelsThrow() throws {
    let core = try Engine.core.get()
    let model = try graph().model()
    var overwritten = model
    overwritten.replaceSubrange(0..<40, with: repeatElement(0xFF, count: 40))
    let broken: [(String, Data)] = [
      ("empty", Data()), ("text", Data("not a model".utf8)), ("zeros", Data(count: 4096)),
      ("noise", Data((0..<5000).map { UInt8(truncatingIfNeeded: $0 &* 167 &+ $0 / 7) })),
      ("half", model.prefix(model.count / 2)), ("one byte short", model.dropLast()),
      ("overwritten", overwritten),
    ]
    for (name, bytes) in broken {
      #expect(throws: OpenVINOError.self, "\(name)") { try core.compile(onnx: bytes) }
    }
    // A slice whose indices do not begin at zero is read where it lies.
    let framed = Data([1, 2, 3]) + model
    _ = try core.compile(onnx: framed.dropFirst(3))
  }

  @Test func wrongUseIsNamed() throws {
    let core = try Engine.core.get()
    let request = try core.compile(onnx: graph().model()).makeRequest()
    #expect(try message { try request.infer() }.contains("'x0'"))
    #expect(try message { _ = try request.output("y") }.contains("has not run"))
    #expect(
      try message { try request.setInput("pictures", [Float](), shape: [1]) }.contains("x0"))
    #expect(
      try message { try request.setInput("x0", [UInt8](), shape: [1, 4, 16]) }.contains("uint8"))
    #expect(
      try message { try request.setInput("x0", numbers(64), shape: [1, 16, 4]) }
        .contains("[-1, 4, 16]"))
    #expect(
      try message { try request.setInput("x0", numbers(63), shape: [1, 4, 16]) }
        .contains("63 values"))
    try request.setInput("x0", numbers(64), shape: [1, 4, 16])
    try request.infer()
    #expect(try message { _ = try request.output("score") }.contains("mean"))
    #expect(
      try message { _ = try core.compile(onnx: graph(batch: 2).model(), options: .init(batch: 3)) }
        .contains("batch of 3"))
    #expect(
      try message { _ = try core.compile(onnx: graph().model(), options: .init(batch: 0)) }
        .contains("at least 1"))
  }

  @Test func aMissingDeviceSaysWhatToDo() throws {
    let core = try Engine.core.get()
    let text = try message {
      _ = try core.compile(onnx: graph().model(), options: CompileOptions(device: "ABACUS"))
    }
    #expect(text.contains("ABACUS") && text.contains("CPU") && text.contains("NORMA_OPENVINO"))
    #expect(try message { _ = try core.property("NO_SUCH_THING") }.contains("NO_SUCH_THING"))
  }
}
