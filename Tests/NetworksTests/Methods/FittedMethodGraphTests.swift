import Networks
import ONNX
import OpenVINO
import Testing
import Torch

/// PatchCore and PaDiM as recorded compute what LibTorch does.
struct FittedMethodGraphTests {
  private static let grid = Grid(height: 5, width: 4)
  private static let shape = MapShape(channels: 12, grid: grid)
  private static let size = Grid(height: 40, width: 32)

  private func compare(
    _ method: some AnomalyMethod, _ weights: [String: Tensor]
  ) throws -> (map: Float, score: Float, bytes: Int) {
    let features = try Generator(seed: 2).normal([3, 12, 5, 4])
    let found = try method.detect(
      [features], size: Self.size,
      parameters: Parameters { name, _, _ in try #require(weights[name]) })
    #expect(found.map.shape == [3, 40, 32] && found.score.shape == [3])
    let graph = Graph(name: "fitted")
    let input = try graph.input("features", shape: [-1, 12, 5, 4])
    let recorded = try method.detect(
      [input], size: Self.size,
      parameters: graph.parameters(
        from: weights.mapValues { (shape: $0.shape, values: try $0.floats()) }))
    try graph.output(recorded.map, name: "map")
    try graph.output(recorded.score, name: "score")
    let model = try graph.model()
    let compiled = try Core().compile(
      onnx: model, options: CompileOptions(precision: .f32, threads: 2))
    let request = try compiled.makeRequest()
    try request.setInput("features", features.floats(), shape: [3, 12, 5, 4])
    try request.infer()
    func worst(_ name: String, _ tensor: Tensor) throws -> Float {
      let expected = try tensor.floats()
      let values = try request.output(name).values
      #expect(values.count == expected.count && values.allSatisfy(\.isFinite))
      let largest = expected.map(abs).max() ?? 0
      return (zip(values, expected).map { abs($0 - $1) }.max() ?? .infinity) / largest
    }
    return (try worst("map", found.map), try worst("score", found.score), model.count)
  }

  /// Banks of one tile, of several, and of one patch.
  @Test(arguments: [1, 300, 4096, 9000], [0, 1.5])
  func patchCore(patches: Int, smoothing: Double) throws {
    var method = PatchCoreMethod(shape: Self.shape, scorePooling: 8)
    method.settings.smoothing = smoothing
    let generator = try Generator(seed: 1)
    let found = try compare(
      method, ["centre": generator.normal([12]), "bank": generator.normal([patches, 12])])
    #expect(found.map < 1e-4 && found.score < 1e-4, "\(found)")
    // The bank is in the file once.
    #expect(found.bytes < patches * 13 * 4 + 40_000, "\(found.bytes) bytes")
  }

  @Test(arguments: [1, 5, 300, 9000])
  func patchCoreReweighted(patches: Int) throws {
    var method = PatchCoreMethod(shape: Self.shape)
    (method.settings.score, method.settings.neighbours) = (.reweighted, 4)
    let generator = try Generator(seed: 1)
    let weights = try ["centre": generator.normal([12]), "bank": generator.normal([patches, 12])]
    let found = try compare(method, weights)
    #expect(found.map < 1e-4 && (patches == 1 || found.score < 1e-4), "\(found)")
    // The bank is in the file once.
    #expect(found.bytes < patches * 13 * 4 + 60_000, "\(found.bytes) bytes")
  }

  @Test func padim() throws {
    let method = PaDiMMethod(
      selected: [0, 1, 4, 7, 11], grid: Self.grid, scorePooling: 8)
    let generator = try Generator(seed: 1)
    let found = try compare(
      method, ["mean": generator.normal([20, 5]), "whitening": generator.normal([20, 5, 5])])
    #expect(found.map < 1e-4 && found.score < 1e-4, "\(found)")
  }

  @Test func everyPictureIsJudgedAlone() throws {
    let generator = try Generator(seed: 1)
    let methods: [(any AnomalyMethod, [String: Tensor])] = [
      (
        PatchCoreMethod(shape: Self.shape),
        ["centre": try generator.normal([12]), "bank": try generator.normal([50, 12])]
      ),
      (
        PaDiMMethod(selected: [0, 3, 8], grid: Self.grid),
        ["mean": try generator.normal([20, 3]), "whitening": try generator.normal([20, 3, 3])]
      ),
    ]
    for (method, weights) in methods {
      let source = Parameters<Tensor> { name, _, _ in try #require(weights[name]) }
      let features = try Generator(seed: 2).normal([3, 12, 5, 4])
      let together = try method.detect([features], size: Self.size, parameters: source)
        .score.floats()
      for picture in 0..<3 {
        let alone = try method.detect(
          [features.sliced(axis: 0, picture..<picture + 1)], size: Self.size, parameters: source
        ).score.item()
        #expect(abs(alone - together[picture]) <= 1e-5 * alone)
      }
    }
  }

  @Test func aParameterOfAnotherWidthIsRefused() throws {
    let method = PatchCoreMethod(shape: Self.shape)
    let graph = Graph(name: "fitted")
    let input = try graph.input("features", shape: [-1, 12, 5, 4])
    let source = graph.parameters(from: [
      "centre": (shape: [12], values: [Float](repeating: 0, count: 12)),
      "bank": (shape: [2, 6], values: [Float](repeating: 0, count: 12)),
    ])
    let error = #expect(throws: GraphError.self) {
      try method.detect([input], size: Self.size, parameters: source)
    }
    #expect(error?.description.contains("'bank' has shape [2, 6]") == true, "\(error as Any)")
  }
}
