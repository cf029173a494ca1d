import Foundation
import Networks
import ONNX
import OpenVINO
import TestSupport
import Testing
import Torch

struct RLRTests {
  /// A grid and a window; the mask of MLKA leaves some token something to see.
  struct Shape: Sendable, CustomTestStringConvertible {
    var height: Int
    var width: Int
    var window: Int

    var testDescription: String { "\(height)×\(width), window \(window)" }

    static let all = [
      Shape(height: 5, width: 4, window: 3),
      // Several tiles, whole and broken ones.
      Shape(height: 16, width: 8, window: 5), Shape(height: 11, width: 19, window: 7),
      Shape(height: 3, width: 20, window: 4), Shape(height: 9, width: 9, window: 1),
      // As wide as the grid, and wider: most tokens are neighbours of all others.
      Shape(height: 7, width: 7, window: 7), Shape(height: 9, width: 4, window: 9),
      Shape(height: 8, width: 8, window: 13), Shape(height: 1, width: 6, window: 5),
    ]

    var levels: [RLRLevelShape] {
      [
        RLRLevelShape(
          channels: 6, grid: Grid(height: height, width: width), hidden: 16, window: window)
      ]
    }

    static var settings: RLRSettings {
      var c = RLRSettings()
      (c.heads, c.layers, c.alpha) = (2, 2, 1.5)
      return c
    }
  }

  /// Parameters that are all random: biases and norms too.
  private func store(_ shape: Shape) throws -> (ParameterStore, Parameters<Tensor>) {
    let store = ParameterStore()
    let generator = try Generator(seed: 3)
    let parameters = store.initialized(by: generator)
    _ = try RLR(Shape.settings, levels: shape.levels, parameters)
    for tensor in store.all {
      try tensor.assign(generator.normal(tensor.shape).affine(scale: 0.4, offset: 0.1).floats())
    }
    return (store, parameters)
  }

  private func difference(_ a: [Float], _ b: [Float]) -> Float {
    let largest = b.reduce(0) { max($0, abs($1)) }
    let worst = zip(a, b).reduce(Float(0)) { max($0, abs($1.0 - $1.1)) }
    return a.count == b.count ? worst / max(largest, 1e-3) : .infinity
  }

  @Test(arguments: Shape.all)
  func isTheDenseForm(_ shape: Shape) throws {
    let (c, levels) = (Shape.settings, shape.levels)
    let (store, parameters) = try store(shape)
    let features = try Generator(seed: 8).normal([2, 6, shape.height, shape.width])
    let target = try Generator(seed: 9).normal([2, shape.height * shape.width, 6])
    func result(_ rebuilt: Tensor) throws -> (values: [Float], gradients: [String: [Float]]) {
      for tensor in store.all { try tensor.clearGradient() }
      try rebuilt.meanSquaredError(target).backward()
      var gradients: [String: [Float]] = [:]
      for name in store.names { gradients[name] = try store[name]?.gradient()?.floats() }
      return (try rebuilt.floats(), gradients)
    }
    let found = try result(RLR(c, levels: levels, parameters).reconstructions([features])[0])
    let expected = try result(
      NaiveRLR(c, levels[0], parameters.scope("0")).reconstruction(features))
    #expect(difference(found.values, expected.values) < 1e-5)
    for name in store.names where !name.hasSuffix("key.bias") {
      let gradient = try #require(found.gradients[name])
      let other = try #require(expected.gradients[name])
      #expect(difference(gradient, other) < 1e-4, "\(name)")
    }
  }

  @Test(arguments: Shape.all)
  func theGraphComputesTheSame(_ shape: Shape) throws {
    let (c, levels) = (Shape.settings, shape.levels)
    let (store, parameters) = try store(shape)
    let graph = Graph()
    let input = try graph.input("x", shape: [-1, 6, shape.height, shape.width])
    var values: [String: (shape: [Int], values: [Float])] = [:]
    for name in store.names {
      let tensor = try #require(store[name])
      values[name] = (tensor.shape, try tensor.floats())
    }
    try graph.output(
      RLR(c, levels: levels, graph.parameters(from: values)).reconstructions([input])[0], name: "y")
    let request = try Core().compile(onnx: graph.model(), options: CompileOptions(threads: 2))
      .makeRequest()
    let half = try Core().compile(
      onnx: graph.model(), options: CompileOptions(precision: .bf16, threads: 2)
    ).makeRequest()
    let network = try RLR(c, levels: levels, parameters)
    for batch in [1, 3] {
      let features = try Generator(seed: UInt64(batch)).normal(
        [batch, 6, shape.height, shape.width])
      try request.setInput("x", features.floats(), shape: features.shape)
      try request.infer()
      let expected = try network.reconstructions([features])[0]
      let found = try request.output("y")
      #expect(found.shape == expected.shape)
      #expect(try difference(found.values, expected.floats()) < 1e-4)
      // In 16 bits a mask hides as well.
      try half.setInput("x", features.floats(), shape: features.shape)
      try half.infer()
      let rough = try half.output("y").values
      #expect(rough.allSatisfy { $0.isFinite })
      #expect(try difference(rough, expected.floats()) < 0.1)
    }
  }

  @Test func keysAndValuesOfTheReferenceAreStoredOnce() throws {
    // 12×12 tokens in four tiles, whose halos overlap: gathered they would be 4·(8+4)² = 576.
    let shape = Shape(height: 12, width: 12, window: 5)
    let (c, levels) = (Shape.settings, shape.levels)
    let (store, _) = try store(shape)
    let graph = Graph()
    let input = try graph.input("x", shape: [-1, 6, 12, 12])
    var values: [String: (shape: [Int], values: [Float])] = [:]
    for name in store.names {
      let tensor = try #require(store[name])
      values[name] = (tensor.shape, try tensor.floats())
    }
    try graph.output(
      RLR(c, levels: levels, graph.parameters(from: values)).reconstructions([input])[0], name: "y")
    let names = try graph.initializers()
    for part in ["lca.key", "lca.value", "mlka.key"] {
      #expect(!names.contains { $0.contains(part + ".weight") }, "\(part): needs no picture")
    }
    #expect(names.contains { $0.contains("mlka.value.weight") })
    let gathers = graph.operations()["Gather"] ?? 0
    // Rows and columns, of queries once a layer, of keys and of values.
    #expect(gathers == 2 * 3 * 2, "\(gathers)")
  }

  @Test func noKeyBiasLearns() throws {
    let store = ParameterStore()
    let network = try RLR(
      Shape.settings, levels: Shape.all[0].levels, store.initialized(by: Generator(seed: 1)))
    let features = try Generator(seed: 2).normal([2, 6, 5, 4])
    try network.reconstructions([features])[0].meanSquaredError(features.tokens()).backward()
    for name in store.names {
      #expect(try (store[name]?.gradient() == nil) == name.hasSuffix("key.bias"), "\(name)")
    }
  }

  @Test func theAblationsHaveTheirPartsOnly() throws {
    func names(_ change: (inout RLRSettings) -> Void) throws -> Set<String> {
      var c = Shape.settings
      (c.mlka, c.lca) = (false, false)
      change(&c)
      let store = ParameterStore()
      let network = try RLR(
        c, levels: Shape.all[0].levels, store.initialized(by: Generator(seed: 1)))
      let features = try Generator(seed: 2).normal([2, 6, 5, 4])
      let rebuilt = try network.reconstructions([features])[0]
      #expect(rebuilt.shape == [2, 20, 6])
      let parts = store.names.filter { $0.hasPrefix("0.layers.1.") && $0.hasSuffix("query.bias") }
      let reference = store.names.filter { $0 == "0.reference" }
      return Set(parts.map { $0.split(separator: ".").map(String.init)[3] } + reference)
    }
    #expect(try names { ($0.residual, $0.selfAttention) = (true, true) } == ["self_attention"])
    #expect(
      try names { ($0.residual, $0.crossAttention) = (true, true) } == [
        "cross_attention", "0.reference",
      ])
    #expect(try names { $0.mlka = true } == ["mlka", "0.reference"])
    #expect(try names { $0.lca = true } == ["lca", "0.reference"])
    #expect(
      try names { ($0.crossAttention, $0.mlka) = (true, true) } == [
        "cross_attention", "mlka", "0.reference",
      ])
    #expect(throws: NetworkError.self) { try names { _ in } }
  }

  @Test func alphaWeighsLCAAgainstMLKAOnly() throws {
    let features = try Generator(seed: 2).normal([1, 6, 5, 4])
    func rebuilt(_ alpha: Double, _ change: (inout RLRSettings) -> Void) throws -> [Float] {
      var c = Shape.settings
      c.alpha = alpha
      change(&c)
      let network = try RLR(
        c, levels: Shape.all[0].levels, ParameterStore().initialized(by: Generator(seed: 1)))
      return try network.reconstructions([features])[0].floats()
    }
    #expect(try rebuilt(1) { _ in } != rebuilt(3) { _ in })
    #expect(try rebuilt(1) { $0.mlka = false } == rebuilt(3) { $0.mlka = false })
  }

  /// At 0 a level begins as LCA alone, and its first gradient already reaches MLKA.
  @Test func mlkaMayBeginAtNothing() throws {
    func begun(_ start: Double, lca: Bool = true) throws -> (ParameterStore, RLR<Tensor>) {
      var c = Shape.settings
      (c.mlkaStart, c.lca) = (start, lca)
      let store = ParameterStore()
      return (
        store, try RLR(c, levels: Shape.all[0].levels, store.initialized(by: Generator(seed: 1)))
      )
    }
    let name = "0.layers.1.mlka.output.weight"
    let whole = try begun(1).0.values()
    var expected = whole
    for key in whole.keys where key.hasSuffix("mlka.output.weight") {
      expected[key] = whole[key]?.map { $0 / 2 }
    }
    #expect(try begun(0.5).0.values() == expected)
    #expect(try begun(0, lca: false).0.values() == begun(1, lca: false).0.values())

    let (store, network) = try begun(0)
    let features = try Generator(seed: 2).normal([1, 6, 5, 4])
    let before = try network.reconstructions([features])[0]
    try before.meanSquaredError(features.tokens()).backward()
    let gradient = try #require(try store[name]?.gradient())
    #expect(try gradient.floats().contains { $0 != 0 })
    let value = try #require(store["0.layers.1.mlka.value.weight"])
    try value.assign(value.floats().map { 3 * $0 + 1 })
    #expect(try network.reconstructions([features])[0].floats() == before.floats())
  }
}
