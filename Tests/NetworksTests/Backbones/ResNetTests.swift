import Networks
import NormaCore
import NormaFiles
import NormaTraining
import ONNX
import OpenVINO
import TestSupport
import Testing
import Torch

@Suite struct ResNetTests {
  private static func named(_ name: String) throws -> ResNetSpecification {
    try #require(ResNetSpecification.all.first { $0.name == name })
  }

  @Test(arguments: [
    ("resnet18", [1, 3, 5], [64, 128, 256], 8), ("resnet34", [2, 6, 12], [64, 128, 256], 16),
    ("resnet50", [2, 6, 12], [256, 512, 1024], 16),
    ("wide-resnet50-2", [2, 6, 12], [256, 512, 1024], 16),
  ])
  func theUsualTapsAreTheEndsOfLayers1To3(
    name: String, taps: [Int], channels: [Int], blocks: Int
  ) throws {
    let specification = try Self.named(name)
    #expect(specification.defaultTaps == taps && specification.blockCount == blocks)
    #expect(taps.map { specification.outputChannels(ofBlock: $0) } == channels)
    let trunk = try Trunk(
      specification, imageSize: 224, arrangement: .aligned(pools: true))
    #expect(trunk.levels.map(\.grid.height) == [56, 28, 14])
    #expect(trunk.outputs.map(\.channels) == [channels.reduce(0, +)])
  }

  /// Parameters of the convolutions, as counted from the papers' tables: torchvision's totals without
  /// batch norms and classifier.
  @Test(arguments: [
    ("resnet18", 11_166_912), ("resnet34", 21_267_648), ("resnet50", 23_454_912),
    ("wide-resnet50-2", 66_766_016),
  ])
  func theWholeNetworkHasAllItsWeights(name: String, count: Int) throws {
    let specification = try Self.named(name)
    let convolutions = specification.convolutions(throughBlock: specification.blockCount - 1)
    #expect(convolutions.reduce(0) { $0 + $1.weightShape.reduce(1, *) } == count)
    #expect(Set(convolutions.map(\.name)).count == convolutions.count)
  }

  /// Sizes that are odd at every stride, in both engines.
  @Test(arguments: ["resnet18", "resnet50"])
  func bothEnginesGiveTheSameMapsOfTheSizesForetold(name: String) throws {
    let specification = try Self.named(name)
    let taps = Array(specification.defaultTaps.prefix(2))
    let store = ParameterStore()
    let size = 75
    let input = try Generator(seed: 2).normal([1, 3, size, size])
    let network = try ResNet(
      specification, taps: taps, parameters: store.initialized(by: Generator(seed: 1)))
    let maps = try withoutGradient { try network(input) }
    let shapes = specification.parameterShapes(throughBlock: taps[1])
    #expect(Set(store.names) == Set(shapes.keys))
    for (map, tap) in zip(maps, taps) {
      let side = specification.mapSize(ofBlock: tap, imageSize: size, padding: .nominal)
      #expect(map.shape == [1, specification.outputChannels(ofBlock: tap), side, side])
    }
    let graph = Graph(name: name)
    let values = Dictionary(
      uniqueKeysWithValues: try store.names.map { name in
        let tensor = try #require(store[name])
        return (name, (shape: tensor.shape, values: try tensor.floats()))
      })
    let recorded = try ResNet(
      specification, taps: taps, parameters: graph.parameters(from: values))(
        graph.input("pictures", shape: [-1, 3, size, size]))
    for (index, node) in recorded.enumerated() { try graph.output(node, name: "level.\(index)") }
    let request = try Core().compile(onnx: graph.model(), options: CompileOptions(threads: 2))
      .makeRequest()
    try request.setInput("pictures", input.floats(), shape: [1, 3, size, size])
    try request.infer()
    for (index, map) in maps.enumerated() {
      let expected = try map.floats()
      let found = try request.output("level.\(index)").values
      let largest = expected.map(abs).max() ?? 0
      #expect(zip(found, expected).allSatisfy { abs($0 - $1) <= 1e-4 * largest })
    }
  }

  /// torchvision's and timm's names with batch norms apart: the folded network is the unfolded one.
  @Test func batchNormsAreFoldedWithTheirOwnEpsilon() throws {
    let specification = try Self.named("resnet18")
    var tensors: [String: WeightTensor] = [:]
    var generator = SeededGenerator(seed: 3)
    for convolution in specification.convolutions(throughBlock: 0) {
      let count = convolution.weightShape.reduce(1, *)
      tensors[convolution.weightName] = WeightTensor(
        shape: convolution.weightShape, values: (0..<count).map { _ in Float(generator.normal()) })
      let norm = try #require(convolution.batchNorm)
      for (part, value) in [
        ("weight", 2 as Float), ("bias", 0.5), ("running_mean", 1), ("running_var", 1e-5),
      ] {
        tensors["\(norm).\(part)"] = WeightTensor(
          shape: convolution.biasShape,
          values: [Float](repeating: value, count: convolution.biasShape[0]))
      }
    }
    tensors["bn1.num_batches_tracked"] = WeightTensor(shape: [], values: [7])
    tensors["fc.bias"] = WeightTensor(shape: [1000], values: [Float](repeating: 0, count: 1000))
    let folded = try BackboneWeights.folded(
      tensors, specification, lastBlock: 0, file: "resnet18.pth")
    // γ/√(variance + ε) with both 1e-5: 2/√2e-5; another ε would show.
    let factor = 2 / (2e-5).squareRoot()
    for convolution in specification.convolutions(throughBlock: 0) {
      let before = try #require(tensors[convolution.weightName]).values
      let after = try #require(folded[convolution.weightName]).values
      #expect(zip(before, after).allSatisfy { abs(Double($0) * factor - Double($1)) < 1e-2 })
      let bias = try #require(folded[convolution.biasName]).values
      #expect(bias.allSatisfy { abs(Double($0) - (0.5 - factor)) < 1e-3 })
    }
  }

  @Test(.enabled(if: SharedData.isPresent, "needs the shared data"))
  func theSharedResNet18Loads() throws {
    let path = try SharedData.url("weights/resnet18_layer3_folded.safetensors").path
    let shapes = try SafeTensors.read(path).tensors.mapValues(\.shape)
    let best = try #require(BackboneFit.best(shapes))
    #expect(best.specification.name == "resnet18" && best.isExact, "\(best.problems)")
    let weights = try BackboneWeights.load("resnet18", from: path)
    #expect(weights.parameters.mapValues(\.shape) == shapes)
    #expect(weights.licence == "BSD-3-Clause (upstream)")
    let trunk = try Trunk(
      weights.specification, imageSize: 64, arrangement: .aligned(pools: false))
    let picture = try Tensor(
      bytes: (0..<64 * 64 * 3).map { UInt8($0 % 251) }, shape: [1, 64, 64, 3])
    let map = try withoutGradient {
      try trunk(picture, parameters: Parameters(constants: weights.parameters))
    }
    #expect(map.count == 1 && map[0].shape == [1, 448, 4, 4])
    // After a ReLU nothing is negative, and trained weights are not silent.
    let values = try map[0].floats()
    #expect(values.allSatisfy { $0 >= 0 && $0.isFinite } && values.contains { $0 > 0.1 })
  }
}
