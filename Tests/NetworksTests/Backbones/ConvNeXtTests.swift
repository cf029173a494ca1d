import Networks
import ONNX
import OpenVINO
import Testing
import Torch

@Suite struct ConvNeXtTests {
  private static let small = ConvNeXtSpecification(
    name: "small", depths: [1, 2, 1, 1], widths: [4, 8, 12, 16])

  /// timm's totals of the trunks with their last norm.
  @Test(arguments: [
    ("dinov3_convnext_tiny", 27_820_128, [2, 5, 14], [96, 192, 384]),
    ("dinov3_convnext_small", 49_454_688, [2, 5, 32], [96, 192, 384]),
    ("dinov3_convnext_base", 87_566_464, [2, 5, 32], [128, 256, 512]),
  ])
  func theWholeNetworkHasAllItsWeights(
    name: String, total: Int, taps: [Int], channels: [Int]
  ) throws {
    let specification = try #require(Backbones.named(name) as? ConvNeXtSpecification)
    #expect(specification.defaultTaps == taps)
    #expect(taps.map { specification.outputChannels(ofBlock: $0) } == channels)
    #expect(taps.map { specification.stride(ofBlock: $0) } == [4, 8, 16])
    var count = 2 * (specification.widths.last ?? 0)
    for layer in specification.layers(throughBlock: specification.blockCount - 1) {
      count += layer.parameters.reduce(0) { $0 + $1.shape.reduce(1, *) }
      if case .scaledLinear(let linear) = layer { count += linear.biasShape[0] }
    }
    #expect(count == total)
    let trunk = try Trunk(specification, imageSize: 224, arrangement: .aligned(pools: true))
    #expect(trunk.levels.map(\.grid.height) == [56, 28, 14])
  }

  /// A size that does not fill the last windows, in both engines.
  @Test func bothEnginesGiveTheSameMapsOfTheSizesForetold() throws {
    let taps = [0, 2, 4]
    let store = ParameterStore()
    let size = 75
    let input = try Generator(seed: 2).normal([2, 3, size, size])
    let network = try ConvNeXt(
      Self.small, taps: taps, parameters: store.initialized(by: Generator(seed: 1)))
    let maps = try withoutGradient { try network(input) }
    #expect(Set(store.names) == Set(Self.small.parameterShapes(throughBlock: 4).keys))
    for (map, tap) in zip(maps, taps) {
      let side = Self.small.mapSize(ofBlock: tap, imageSize: size, padding: .nominal)
      #expect(map.shape == [2, Self.small.outputChannels(ofBlock: tap), side, side])
    }
    let graph = Graph(name: "convnext")
    let values = Dictionary(
      uniqueKeysWithValues: try store.names.map { name in
        let tensor = try #require(store[name])
        return (name, (shape: tensor.shape, values: try tensor.floats()))
      })
    let recorded = try ConvNeXt(
      Self.small, taps: taps, parameters: graph.parameters(from: values))(
        graph.input("pictures", shape: [-1, 3, size, size]))
    for (index, node) in recorded.enumerated() { try graph.output(node, name: "level.\(index)") }
    let request = try Core().compile(onnx: graph.model(), options: CompileOptions(threads: 2))
      .makeRequest()
    try request.setInput("pictures", input.floats(), shape: input.shape)
    try request.infer()
    for (index, map) in maps.enumerated() {
      let expected = try map.floats()
      let found = try request.output("level.\(index)").values
      let largest = expected.map(abs).max() ?? 0
      #expect(zip(found, expected).allSatisfy { abs($0 - $1) <= 1e-4 * largest })
    }
    #expect(throws: BackboneError.self) { try network(Generator(seed: 2).normal([1, 1, 64, 64])) }
  }
}
