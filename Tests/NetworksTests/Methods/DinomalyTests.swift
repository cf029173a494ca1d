import Foundation
import Networks
import NormaFiles
import ONNX
import OpenVINO
import TestSupport
import Testing
import Torch

struct DinomalyTests {
  private static let grid = Grid(height: 4, width: 5)
  private static let size = Grid(height: 32, width: 40)

  /// Levels as a small vision transformer gives them, or of different widths, as a convolutional network does.
  enum Trunks: CaseIterable {
    case transformer, withoutPrefix, convolutional

    var shape: DinomalyShape {
      let grid = DinomalyTests.grid
      return switch self {
      case .transformer:
        DinomalyShape(
          channels: [16, 16], grid: grid, prefix: 3, taps: LevelTaps(groups: [[0, 1], [2]]))
      case .withoutPrefix:
        DinomalyShape(channels: [16, 16, 16], grid: grid, prefix: 0, taps: [1, 2, 3])
      case .convolutional:
        DinomalyShape(channels: [6, 10], grid: grid, prefix: 0, taps: [0, 4])
      }
    }
  }

  private static var settings: DinomalySettings {
    var c = DinomalySettings()
    (c.headWidth, c.decoder, c.feedforward) = (8, 5, 2)
    return c
  }

  private func method(_ trunk: Trunks) -> DinomalyMethod {
    var c = Self.settings
    if trunk == .convolutional { c.hidden = 24 }
    return DinomalyMethod(c, shape: trunk.shape)
  }

  private func features(_ shape: DinomalyShape, seed: UInt64 = 2) throws -> [Tensor] {
    let generator = try Generator(seed: seed)
    let maps = try shape.channels.map {
      try generator.normal([2, $0, shape.grid.height, shape.grid.width])
    }
    guard shape.prefix > 0 else { return maps }
    return maps + [try generator.normal([2, shape.channels[0], 1, shape.prefix])]
  }

  /// Weights larger than those that a training begins with, so that every part matters.
  private func parameters(_ store: ParameterStore, seed: UInt64 = 1) throws -> Parameters<Tensor> {
    let source = store.initialized(by: try Generator(seed: seed))
    let generator = try Generator(seed: seed + 1)
    return Parameters { name, shape, initializer in
      let isNew = store[name] == nil
      let tensor = try source(name, shape, initializer)
      if isNew, name.hasSuffix("weight"), shape.count == 2 {
        try tensor.assign(
          generator.normal(shape).affine(scale: 0.3, offset: 0).floats())
      }
      return tensor
    }
  }

  @Test(arguments: Trunks.allCases)
  func openVINOComputesWhatLibTorchDoes(_ trunk: Trunks) throws {
    let method = method(trunk)
    let store = ParameterStore()
    let features = try features(method.shape)
    let found = try method.detect(features, size: Self.size, parameters: parameters(store))
    #expect(found.map.shape == [2, 32, 40] && found.score.shape == [2])
    let names = Set(store.names)
    #expect(names.contains("bottleneck.fc1.weight") && names.contains("decoder.4.attn.qkv.bias"))
    #expect(names.contains("embed.1.weight") == (trunk == .convolutional))
    #expect(names.contains("output.0.bias") == (trunk == .convolutional))

    let graph = Graph(name: "dinomaly")
    let values = Dictionary(
      uniqueKeysWithValues: try store.names.map { name in
        let tensor = try #require(store[name])
        return (name, (shape: tensor.shape, values: try tensor.floats()))
      })
    let inputs = try features.enumerated().map {
      try graph.input("x\($0)", shape: [-1] + $1.shape.dropFirst())
    }
    let recorded = try method.detect(
      inputs, size: Self.size, parameters: graph.parameters(from: values))
    try graph.output(recorded.map, name: "map")
    try graph.output(recorded.score, name: "score")
    let request = try Core().compile(
      onnx: graph.model(), options: CompileOptions(precision: .f32, threads: 2)
    ).makeRequest()
    for (index, map) in features.enumerated() {
      try request.setInput("x\(index)", map.floats(), shape: map.shape)
    }
    try request.infer()
    for (name, tensor) in [("map", found.map), ("score", found.score)] {
      let (values, expected) = (try request.output(name).values, try tensor.floats())
      let largest = expected.map(abs).max() ?? 0
      #expect(values.count == expected.count)
      #expect(zip(values, expected).allSatisfy { abs($0 - $1) <= 1e-4 * largest }, "\(name)")
    }
  }

  @Test func everyPictureIsJudgedAlone() throws {
    let method = method(.transformer)
    let source = try parameters(ParameterStore())
    let features = try features(method.shape)
    let together = try method.detect(features, size: Self.size, parameters: source).score.floats()
    for picture in 0..<2 {
      let alone = try method.detect(
        features.map { try $0.sliced(axis: 0, picture..<picture + 1) }, size: Self.size,
        parameters: source
      ).score.item()
      #expect(abs(alone - together[picture]) <= 1e-5 * alone)
    }
  }

  /// The last blocks rebuild the first level: a level is the mean of its group of blocks, patches alone.
  @Test func theBlocksAreGroupedFromTheLast() throws {
    let shape = Trunks.transformer.shape
    let store = ParameterStore()
    let source = try parameters(store)
    let features = try features(shape)
    var c = Self.settings
    c.decoder = 4
    let two = try Dinomaly(c, shape: shape, source).reconstructions(features)
    #expect(two.count == 2 && two.allSatisfy { $0.shape == [2, 20, 16] })
    // With as many levels as blocks each group is one block; the levels' mean stays the same.
    let each = DinomalyShape(
      channels: [16, 16, 16, 16], grid: Self.grid, prefix: 3, taps: [0, 1, 2, 3])
    let mean = shape.taps.groups.map { Float($0.count) / 3 }
    let maps =
      try features[0].affine(scale: mean[0], offset: 0)
      + features[1].affine(scale: mean[1], offset: 0)
    let blocks = try Dinomaly(c, shape: each, source)
      .reconstructions([maps, maps, maps, maps, features[2]])
    for (level, pair) in [(0, (0, 1)), (1, (2, 3))] {
      let expected = try (blocks[pair.0] + blocks[pair.1]).affine(scale: 0.5, offset: 0).floats()
      for (a, b) in zip(try two[level].floats(), expected) { #expect(abs(a - b) < 1e-4) }
    }
  }

  @Test func onlyTheBottleneckDropsOut() throws {
    let method = method(.transformer)
    let features = try features(method.shape)
    let source = try parameters(ParameterStore())
    let network = try Dinomaly(method.settings, shape: method.shape, source)
    let quiet = try network.reconstructions(features).map { try $0.floats() }
    func noisy(_ seed: UInt64, _ network: Dinomaly<Tensor>) throws -> [[Float]] {
      try network.reconstructions(features, noise: Generator(seed: seed).trainingNoise)
        .map { try $0.floats() }
    }
    #expect(try noisy(3, network) != quiet && noisy(3, network) == noisy(3, network))
    #expect(try noisy(3, network) != noisy(4, network))
    var without = method.settings
    without.dropout = 0
    let still = try Dinomaly(without, shape: method.shape, source)
    #expect(try noisy(3, still) == quiet)
  }

  @Test func whatCannotBeIsRefused() throws {
    let source = ParameterStore().initialized(by: try Generator(seed: 1))
    var c = Self.settings
    c.headWidth = 7
    let heads = #expect(throws: NetworkError.self) {
      try Dinomaly(c, shape: Trunks.transformer.shape, source)
    }
    #expect(heads?.description.contains("headWidth (7)") == true)
    c = Self.settings
    c.decoder = 2
    #expect(throws: NetworkError.self) {
      try Dinomaly(c, shape: Trunks.withoutPrefix.shape, source)
    }
    // The tokens that are no patches are missing.
    let shape = Trunks.transformer.shape
    let network = try Dinomaly(
      Self.settings, shape: shape, ParameterStore().initialized(by: Generator(seed: 1)))
    #expect(throws: NetworkError.self) {
      try network.reconstructions(Array(features(shape).dropLast()))
    }
  }

  /// The published Gaussian is of 5×5 pixels with a deviation of 4, of maps of 256 pixels.
  @Test(arguments: [(256, 4, 2), (224, 3.5, 2), (392, 6.125, 3), (32, 0.5, 1)])
  func theGaussianGrowsWithThePicture(side: Int, sigma: Double, radius: Int) throws {
    let channels = 4
    let shape = DinomalyShape(
      channels: [channels], grid: Grid(height: 2, width: 2), prefix: 0, taps: [0])
    var c = DinomalySettings()
    (c.headWidth, c.decoder) = (4, 1)
    let method = DinomalyMethod(c, shape: shape)
    c.smoothing = sigma
    c.kernel = 2 * radius + 1
    let stated = DinomalyMethod(c, shape: shape)
    let source = ParameterStore().initialized(by: try Generator(seed: 1))
    let features = [try Generator(seed: 2).normal([1, channels, 2, 2])]
    let size = Grid(height: side, width: side)
    #expect(
      try method.detect(features, size: size, parameters: source).map.floats()
        == stated.detect(features, size: size, parameters: source).map.floats())
  }

  @Test func outsideOfThePictureIsNothing() throws {
    let ones = try Tensor(repeating: 1, shape: [1, 1, 5, 6])
    let filter = SeparableFilter(
      rows: .gaussian(size: 5, sigma: 4, radius: 2),
      columns: .gaussian(size: 6, sigma: 4, radius: 2))
    let found = try filter(ones).floats()
    let weights = (-2...2).map { exp(-0.5 * Double($0 * $0) / 16) }
    let total = weights.reduce(0, +)
    let edge = (weights[2] + weights[3] + weights[4]) / total
    #expect(abs(Double(found[0]) - edge * edge) < 1e-6)
    #expect(abs(Double(found[2 * 6 + 2]) - 1) < 1e-6)
  }
}

/// The golden file's network as ONNX Runtime computes it.
struct DinomalyInterchangeTests {
  private static let interpreter = Python.interpreter(importing: "numpy, onnx, onnxruntime")

  private static let script = """
    import glob, os, sys
    import numpy, onnx, onnxruntime
    model = os.path.join(sys.argv[1], "dinomaly.onnx")
    onnx.checker.check_model(onnx.load(model), full_check=True)
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    feeds = {}
    for value in session.get_inputs():
        shape = [2 if not isinstance(size, int) else size for size in value.shape]
        feeds[value.name] = numpy.fromfile(
            os.path.join(sys.argv[1], value.name), dtype="<f4").reshape(shape)
    for output, values in zip(session.get_outputs(), session.run(None, feeds)):
        values.astype("<f4").tofile(os.path.join(sys.argv[1], output.name))
    """

  @Test(
    .enabled(if: SharedData.isPresent, "needs the shared data"),
    .enabled(
      if: interpreter != nil,
      "needs Python with onnx, onnxruntime and numpy: let NORMA_PYTHON name its interpreter"))
  func onnxRuntimeAgreesWithTheReference() throws {
    let file = try SafeTensors.read(SharedData.url("goldens/dinomaly.safetensors").path)
    var c = DinomalySettings()
    (c.headWidth, c.decoder, c.smoothing, c.kernel) = (8, 4, 4, 5)
    let grid = Grid(height: 5, width: 7)
    let method = DinomalyMethod(
      c,
      shape: DinomalyShape(
        channels: [24, 24], grid: grid, prefix: 3, taps: LevelTaps(groups: [[0, 1], [2, 3]])))
    let layers = try (0..<4).map { layer in
      let tokens = try #require(file.tensors["layers.\(layer)"])
      return try Tensor(tokens.values, shape: tokens.shape)
    }
    func mean(_ chosen: [Tensor], _ range: Range<Int>, _ grid: Grid) throws -> Tensor {
      try chosen.dropFirst().reduce(chosen[0], +)
        .affine(scale: 1 / Float(chosen.count), offset: 0)
        .sliced(axis: 1, range).featureMap(grid)
    }
    let features = try [
      mean(Array(layers[..<2]), 3..<38, grid), mean(Array(layers[2...]), 3..<38, grid),
      mean(layers, 0..<3, Grid(height: 1, width: 3)),
    ]
    let graph = Graph(name: "dinomaly")
    let inputs = try features.enumerated().map {
      try graph.input("x\($0)", shape: [-1] + $1.shape.dropFirst())
    }
    let prefix = "parameters."
    let parameters = Dictionary(
      uniqueKeysWithValues: file.tensors.filter { $0.key.hasPrefix(prefix) }.map {
        (String($0.key.dropFirst(prefix.count)), (shape: $0.value.shape, values: $0.value.values))
      })
    let found = try method.detect(
      inputs, size: Grid(height: 70, width: 98), parameters: graph.parameters(from: parameters))
    try graph.output(found.map, name: "pixel_map")
    try graph.output(found.score, name: "image_score")
    let folder = try TemporaryFolder()
    try graph.model().write(to: folder.url.appendingPathComponent("dinomaly.onnx"))
    for (index, map) in features.enumerated() {
      try map.floats().withUnsafeBytes { Data($0) }
        .write(to: folder.url.appendingPathComponent("x\(index)"))
    }
    let (status, output) = try Python.run(
      #require(Self.interpreter), ["-c", Self.script, folder.path])
    try #require(status == 0, "\(output)")
    for name in ["pixel_map", "image_score"] {
      let expected = try #require(file.tensors[name]).values
      let values = try Data(contentsOf: folder.url.appendingPathComponent(name)).withUnsafeBytes {
        Array($0.bindMemory(to: Float.self))
      }
      let largest = expected.map(abs).max() ?? 0
      #expect(values.count == expected.count)
      #expect(zip(values, expected).allSatisfy { abs($0 - $1) <= 1e-4 * largest }, "\(name)")
    }
  }
}

struct LinearAttentionTests {
  /// Against the definition, written out in double precision.
  @Test func isTheDefinition() throws {
    let (tokens, width, heads) = (5, 6, 2)
    let store = ParameterStore()
    let attention = try LinearAttention(
      store.initialized(by: Generator(seed: 1)), width: width, heads: heads,
      initializer: .normal(mean: 0, deviation: 1))
    try #require(store["qkv.bias"]).assign((0..<18).map { Float($0) / 9 - 1 })
    let input = try Generator(seed: 2).normal([1, tokens, width])
    let found = try attention(input).floats().map(Double.init)

    func rows(_ name: String, _ columns: Int) throws -> [[Double]] {
      let values = try #require(store[name]).floats().map(Double.init)
      return (0..<values.count / columns).map { Array(values[$0 * columns..<($0 + 1) * columns]) }
    }
    let values = try input.floats().map(Double.init)
    let x = (0..<tokens).map { Array(values[$0 * width..<($0 + 1) * width]) }
    let (weight, bias) = (try rows("qkv.weight", width), try rows("qkv.bias", 18)[0])
    let output = try rows("proj.weight", width)
    func dot(_ a: [Double], _ b: [Double]) -> Double { zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } }
    let packed = x.map { token in weight.indices.map { dot(token, weight[$0]) + bias[$0] } }
    func feature(_ value: Double) -> Double { value > 0 ? value + 1 : exp(value) }
    let depth = width / heads
    var joined = [[Double]](repeating: [], count: tokens)
    for head in 0..<heads {
      let part = head * depth..<(head + 1) * depth
      for token in 0..<tokens {
        let query = packed[token][part].map(feature)
        let weights = (0..<tokens).map { other in
          dot(query, packed[other][part.lowerBound + width..<part.upperBound + width].map(feature))
        }
        let sum = weights.reduce(0, +)
        joined[token] += (0..<depth).map { channel in
          let place = 2 * width + part.lowerBound + channel
          return (0..<tokens).reduce(0) { $0 + weights[$1] / sum * packed[$1][place] }
        }
      }
    }
    let expected = joined.flatMap { token in output.map { dot(token, $0) } }
    for (a, b) in zip(found, expected) { #expect(abs(a - b) < 1e-4 * max(1, abs(b))) }
  }

  /// Far below zero e^x + 0 is kept where elu(x) + 1 is rounded away.
  @Test func smallWeightsAreNoZeros() throws {
    let store = ParameterStore()
    let attention = try LinearAttention(
      store.initialized(by: Generator(seed: 1)), width: 4, heads: 1,
      initializer: .normal(mean: 0, deviation: 0.1))
    try #require(store["qkv.bias"]).assign([Float](repeating: -30, count: 12))
    #expect(try attention(Generator(seed: 2).normal([1, 3, 4])).floats().allSatisfy(\.isFinite))
  }
}
