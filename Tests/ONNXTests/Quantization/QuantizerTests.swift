import Foundation
import Networks
import ONNX
import OpenVINO
import TestSupport
import Testing

/// Quantised operations against exact arithmetic on integers.
@Suite struct QuantizerTests {
  static let range: ClosedRange<Float> = -1.25...2
  static let hasIntegers = (try? Engine.core.get().capabilities().contains("INT8")) == true
  private let activation = AffineQuantization(covering: range)

  static func numbers(_ count: Int, _ seed: Float = 0.7) -> [Float] {
    (0..<count).map { 1.7 * cos(Float($0) * seed + seed) + 0.4 }
  }

  /// A weight as the definition has it: integers, and a scale for each output channel, which are the
  /// rows of `[out, …]`.
  private func quantized(_ weight: [Float], channels: Int) -> (values: [[Int]], scales: [Float]) {
    let row = weight.count / channels
    let rows = (0..<channels).map { Array(weight[$0 * row..<($0 + 1) * row]) }
    let scales = rows.map { ($0.map(abs).max() ?? 0) / 127 }
    return (
      zip(rows, scales).map { row, scale in
        row.map { Int(($0 / scale).rounded(.toNearestOrEven)) }
      }, scales
    )
  }

  static func product() throws -> Graph {
    let graph = Graph()
    let x = try graph.input("x0", shape: [-1, 3, 6])
    let weight = try graph.parameter("layer.weight", shape: [4, 6], values: numbers(24, 1.3))
    let bias = try graph.parameter("layer.bias", shape: [4], values: [0.1, -0.2, 0.3, 4])
    try graph.output(x.linear(weight: weight, bias: bias), name: "y")
    return graph
  }

  static func convolution(groups: Int, channels: Int = 4) throws -> Graph {
    let graph = Graph()
    let x = try graph.input("x0", shape: [-1, channels, 5, 6])
    let inner = channels / groups
    let weight = try graph.parameter(
      "layer.weight", shape: [channels, inner, 3, 3], values: numbers(channels * inner * 9, 1.1))
    let bias = try graph.parameter("layer.bias", shape: [channels], values: numbers(channels))
    let y = try x.convolution(
      weight: weight, bias: bias, stride: 2,
      padding: Padding(top: 1, left: 0, bottom: 1, right: 2), groups: groups)
    try graph.output(y, name: "y")
    return graph
  }

  private func run(_ model: Data, _ values: [Float], _ shape: [Int]) throws -> [Float] {
    let request = try Engine.core.get().compile(
      onnx: model, options: CompileOptions(threads: 1, batch: shape[0])
    ).makeRequest()
    try request.setInput("x0", values, shape: shape)
    try request.infer()
    return try request.output("y").values
  }

  private func expectClose(_ found: [Float], _ expected: [Double]) {
    #expect(found.count == expected.count)
    for (found, expected) in zip(found, expected) {
      #expect(abs(Double(found) - expected) <= 1e-5 * max(1, abs(expected)))
    }
  }

  @Test(
    .enabled(
      if: Processor.addsBytesExactly, "this processor saturates sums of 8-bit products at 16 bits"))
  func aProductIsThatOfItsIntegers() throws {
    let quantizer = try Quantizer(Self.product().model())
    #expect(quantizer.operations.map(\.name) == ["layer.MatMul"])
    #expect(quantizer.operations.map(\.kind) == [.product])
    #expect(quantizer.activations == ["x0"])
    let model = try quantizer.quantized(["x0": .tensor(activation)])
    let x = Self.numbers(2 * 18)
    let weight = quantized(Self.numbers(24, 1.3), channels: 4)
    let bias: [Float] = [0.1, -0.2, 0.3, 4]
    let expected = (0..<6).flatMap { row in
      (0..<4).map { channel in
        let sum = (0..<6).reduce(0) {
          $0 + (activation.quantized(x[row * 6 + $1]) - activation.zeroPoint)
            * weight.values[channel][$1]
        }
        return Double(sum) * Double(activation.scale) * Double(weight.scales[channel])
          + Double(bias[channel])
      }
    }
    try expectClose(run(model, x, [2, 3, 6]), expected)
    // The integers are not the floats: the test would see a graph that was left as it is.
    let plain = try run(Self.product().model(), x, [2, 3, 6])
    #expect(zip(plain, expected).contains { abs(Double($0) - $1) > 1e-3 })
  }

  @Test(arguments: [1, 2, 4])
  func aConvolutionIsThatOfItsIntegers(groups: Int) throws {
    let quantizer = try Quantizer(Self.convolution(groups: groups).model())
    #expect(quantizer.operations.map(\.kind) == [groups == 4 ? .depthwise : .convolution])
    // Channels that are kept apart may have scales of their own.
    let steps =
      groups == 4
      ? (1...4).map { AffineQuantization(symmetric: Float($0) * 0.55) }
      : [AffineQuantization](repeating: activation, count: 4)
    let model = try quantizer.quantized([
      "x0": groups == 4 ? .channels(steps) : .tensor(activation)
    ])
    let x = Self.numbers(2 * 4 * 30)
    let inner = 4 / groups
    let weight = quantized(Self.numbers(4 * inner * 9, 1.1), channels: 4)
    let bias = Self.numbers(4)
    var expected: [Double] = []
    for picture in 0..<2 {
      for channel in 0..<4 {
        for row in 0..<3 {
          for column in 0..<3 {
            var sum = 0
            for place in 0..<inner * 9 {
              let (y, x0) = (row * 2 + place / 3 % 3 - 1, column * 2 + place % 3)
              // What is padded is 0, which the zero point stands for.
              guard (0..<5).contains(y), (0..<6).contains(x0) else { continue }
              let from = channel * groups / 4 * inner + place / 9
              let value = x[((picture * 4 + from) * 5 + y) * 6 + x0]
              sum +=
                (steps[from].quantized(value) - steps[from].zeroPoint)
                * weight.values[channel][place]
            }
            expected.append(
              Double(sum) * Double(steps[channel].scale) * Double(weight.scales[channel])
                + Double(bias[channel]))
          }
        }
      }
    }
    try expectClose(run(model, x, [2, 4, 5, 6]), expected)
  }

  /// OpenVINO has to recognise the form, or it would compute in floats what integers stand for.
  @Test(.enabled(if: hasIntegers, "needs a processor that OpenVINO has 8-bit kernels for"))
  func openVINORunsItOnIntegers() throws {
    let model = try Quantizer(Self.convolution(groups: 1, channels: 64).model())
      .quantized(["x0": .tensor(activation)])
    let request = try Engine.core.get().compile(
      onnx: model, options: CompileOptions(batch: 1, profiling: true)
    ).makeRequest()
    try request.setInput("x0", Self.numbers(64 * 30), shape: [1, 64, 5, 6])
    try request.infer()
    let profile = try request.profile()
    let convolution = try #require(profile.first { $0.type == "Convolution" && $0.wasExecuted })
    #expect(convolution.kernel.hasSuffix("I8"), "\(profile)")
  }

  @Test func theFirstConvolutionsCanBeLeft() throws {
    let original = try Self.convolution(groups: 1).model()
    let quantizer = try Quantizer(original)
    let (x, shape) = (Self.numbers(4 * 30), [1, 4, 5, 6])
    let quantization = ["x0": ActivationQuantization.tensor(activation)]
    let left = try run(quantizer.quantized(quantization, leavingConvolutions: 1), x, shape)
    #expect(try left == run(original, x, shape))
    #expect(try left != run(quantizer.quantized(quantization), x, shape))
  }

  @Test func whatIsNotChosenStaysAsItIs() throws {
    let original = try Self.product().model()
    let quantizer = try Quantizer(original)
    let x = Self.numbers(18)
    let shape = [1, 3, 6]
    #expect(try run(quantizer.quantized([:]), x, shape) == run(original, x, shape))
  }

  @Test func activationsAreOutputsOfTheObservedModel() throws {
    let graph = Graph()
    let x = try graph.input("x0", shape: [-1, 2, 4])
    let first = try graph.parameter("first.weight", shape: [3, 4], values: Self.numbers(12))
    let second = try graph.parameter("second.weight", shape: [2, 3], values: Self.numbers(6))
    let hidden = try x.linear(weight: first, bias: nil).relu()
    try graph.output(hidden.linear(weight: second, bias: nil), name: "y")
    let quantizer = try Quantizer(graph.model())
    #expect(quantizer.activations == ["x0", "first.Relu"])
    let request = try Engine.core.get().compile(onnx: quantizer.observed()).makeRequest()
    try request.setInput("x0", Self.numbers(8), shape: [1, 2, 4])
    try request.infer()
    let found = try request.output("first.Relu")
    #expect(found.shape == [1, 2, 3] && found.values.allSatisfy { $0 >= 0 })
    let (values, weight) = (Self.numbers(8), Self.numbers(12))
    let expected = max(0, (0..<4).reduce(Float(0)) { $0 + values[$1] * weight[$1] })
    #expect(abs(found.values[0] - expected) < 1e-4)
  }

  @Test func whatIsNoModelOrNotANumberIsRefused() throws {
    #expect(throws: GraphError.self) { try Quantizer(Data("no model".utf8)) }
    let quantizer = try Quantizer(Self.product().model())
    let once = try quantizer.quantized(["x0": .tensor(activation)])
    let twice = #expect(throws: GraphError.self) { try Quantizer(once) }
    #expect(twice?.description.contains("quantised already") == true)

    let graph = Graph()
    let x = try graph.input("x0", shape: [-1, 1, 2])
    let weight = try graph.parameter("bad.weight", shape: [1, 2], values: [.nan, 1])
    try graph.output(x.linear(weight: weight, bias: nil), name: "y")
    let bad = try Quantizer(graph.model())
    let error = #expect(throws: GraphError.self) { try bad.quantized(["x0": .tensor(activation)]) }
    #expect(error?.description.contains("not finite") == true)
  }
}

@Suite struct AffineQuantizationTests {
  @Test(arguments: [-1.5...2.25, -0.278...41, 0...6, 3...9, -7 ... -2] as [ClosedRange<Float>])
  func whatIsCoveredIsOffByHalfAStepAtMost(range: ClosedRange<Float>) {
    let quantization = AffineQuantization(covering: range)
    let (low, high) = (min(range.lowerBound, 0), max(range.upperBound, 0))
    #expect(quantization.integers == .uint8)
    #expect(abs(quantization.scale - (high - low) / 255) <= quantization.scale * 1e-6)
    // Zero points are integers, so the ends move by up to half a step.
    let step = quantization.scale
    for part in 0...1000 {
      let x = low + (high - low) * Float(part) / 1000
      #expect(abs(quantization.rounded(x) - x) <= step * 1.001)
      if x >= low + step, x <= high - step {
        #expect(abs(quantization.rounded(x) - x) <= step * 0.5001)
      }
    }
    #expect(quantization.rounded(0) == 0, "padding and ReLU's zeros stay what they are")
    #expect(quantization.quantized(1e30) == 255 && quantization.quantized(-1e30) == 0)
  }

  @Test func symmetricStepsLieAroundZero() {
    let quantization = AffineQuantization(symmetric: -2.54)
    #expect(quantization.integers == .int8 && quantization.zeroPoint == 0)
    #expect(abs(quantization.scale - 0.02) < 1e-8)
    #expect(quantization.quantized(2.54) == 127 && quantization.quantized(-2.54) == -127)
    #expect(quantization.quantized(5) == 127 && quantization.quantized(-5) == -128)
  }

  /// As ONNX defines QuantizeLinear.
  @Test func halvesGoToTheEvenNeighbour() {
    let quantization = AffineQuantization(covering: 0...255)
    #expect(quantization.scale == 1)
    #expect([0.5, 1.5, 2.5, 3.5].map { quantization.quantized($0) } == [0, 2, 2, 4])
  }

  @Test func whatIsAlwaysZeroStaysZero() {
    for quantization in [
      AffineQuantization(covering: 0...0), AffineQuantization(symmetric: 0),
      AffineQuantization(covering: 0...Float.leastNonzeroMagnitude),
    ] {
      #expect(quantization.scale > 0 && quantization.scale.isFinite)
      #expect(quantization.rounded(0) == 0)
    }
  }
}
