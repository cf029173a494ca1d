import Networks
import ONNX
import OpenVINO
import Testing
import Torch

struct FeatureDecoderTests {
  private typealias Level = MapShape

  /// Two levels of a picture of 16 pixels.
  private let small = FeatureDecoderConfiguration(
    levels: [
      Level(channels: 5, grid: Grid(height: 4, width: 4)),
      Level(channels: 7, grid: Grid(height: 2, width: 2)),
    ], imageSize: 16)

  private func features(_ batch: Int) throws -> [Tensor] {
    let generator = try Generator(seed: 2)
    return try small.levels.map {
      try generator.normal([batch, $0.channels, $0.grid.height, $0.grid.width])
    }
  }

  @Test(arguments: [
    // RAS and UniAD, RLR of two levels and of three, a test's, and grids too fine to be worth it.
    ([14], 224, 14, 112), ([32, 16], 256, 32, 128), ([64, 32, 16], 256, 64, 128),
    ([4], 64, 4, 64), ([256, 128], 1024, 64, 128), ([1], 32, 1, 32),
  ])
  func sizes(sides: [Int], imageSize: Int, grid: Int, side: Int) {
    let found = FeatureDecoderConfiguration(
      levels: sides.map { Level(channels: 8, grid: Grid(height: $0, width: $0)) },
      imageSize: imageSize)
    #expect(found.grid == Grid(height: grid, width: grid))
    #expect(found.size == Grid(height: side, width: side))
  }

  @Test func givesPicturesAndEveryParameterLearns() throws {
    let store = ParameterStore()
    let decoder = try FeatureDecoder(small, store.initialized(by: Generator(seed: 1)))
    let pictures = try decoder(features(3))
    #expect(pictures.shape == [3, 3, 16, 16])
    #expect(try pictures.floats().allSatisfy { $0 > 0 && $0 < 1 })
    try pictures.meanSquaredError(Tensor(repeating: 0.2, shape: [3, 3, 16, 16])).backward()
    for name in store.names { #expect(try store[name]?.gradient() != nil, "\(name)") }
  }

  /// The last convolution's channels are colour by colour the pixels of a token, row by row.
  @Test func pixelsComeInOrder() throws {
    let store = ParameterStore()
    let decoder = try FeatureDecoder(small, store.initialized(by: Generator(seed: 1)))
    let values = (0..<12).map { Float($0) / 6 - 1 }
    let weight = try #require(store["output.weight"])
    try weight.assign([Float](repeating: 0, count: weight.count))
    try store["output.bias"]?.assign(values)
    let expected = try Tensor(values, shape: [12]).sigmoid().floats()
    let picture = try decoder(features(1)).floats()
    for channel in 0..<3 {
      for y in 0..<16 {
        for x in 0..<16 {
          #expect(
            picture[(channel * 16 + y) * 16 + x] == expected[4 * channel + 2 * (y % 2) + x % 2])
        }
      }
    }
  }

  @Test func otherNumbersOfMapsAreRefused() throws {
    let decoder = try FeatureDecoder(
      small, ParameterStore().initialized(by: Generator(seed: 1)))
    #expect(throws: NetworkError.self) { try decoder(Array(features(1).prefix(1))) }
  }

  /// As recorded it computes what LibTorch does.
  @Test func theEnginesAgree() throws {
    var weights: [String: Tensor] = [:]
    let generator = try Generator(seed: 4)
    let decoder = try FeatureDecoder(
      small,
      Parameters<Tensor> { name, shape, _ in
        // Nothing begins at zero here, so that nothing is left out.
        let tensor = try generator.normal(shape).affine(scale: 0.1, offset: 0)
        weights[name] = tensor
        return tensor
      })
    let features = try features(2)
    let expected = try decoder(features).floats()
    let graph = Graph(name: "decoder")
    let inputs = try small.levels.enumerated().map {
      try graph.input("level.\($0)", shape: [-1, $1.channels, $1.grid.height, $1.grid.width])
    }
    let recorded = try FeatureDecoder(
      small,
      graph.parameters(from: weights.mapValues { (shape: $0.shape, values: try $0.floats()) }))
    try graph.output(recorded(inputs), name: "pictures")
    let request = try Core().compile(
      onnx: graph.model(), options: CompileOptions(precision: .f32, threads: 2)
    ).makeRequest()
    for (index, map) in features.enumerated() {
      try request.setInput("level.\(index)", map.floats(), shape: map.shape)
    }
    try request.infer()
    let found = try request.output("pictures").values
    #expect(found.count == expected.count)
    #expect(zip(found, expected).allSatisfy { abs($0 - $1) < 1e-4 })
    #expect((expected.max() ?? 0) - (expected.min() ?? 0) > 0.05)
  }
}
