import Networks
import ONNX
import OpenVINO
import Testing
import Torch

struct PictureScoreTests {
  private static let size = Grid(height: 40, width: 32)

  /// The mean of the largest `count` values of each picture.
  private func tops(_ map: Tensor, _ count: Int) throws -> [Float] {
    let (values, each) = (try map.floats(), Self.size.count)
    return (0..<map.shape[0]).map { picture in
      let largest = values[picture * each..<(picture + 1) * each].sorted(by: >).prefix(count)
      return Float(largest.reduce(0) { $0 + Double($1) } / Double(count))
    }
  }

  @Test(arguments: [(0.01, 12), (1, 1280), (1e-9, 1)])
  func theTopIsTheMeanOfTheLargest(share: Double, count: Int) throws {
    let map = try Generator(seed: 1).normal([3, 40, 32])
    let found = try PictureScore.top(share: share)(map)
    #expect(found.shape == [3])
    for (score, expected) in zip(try found.floats(), try tops(map, count)) {
      #expect(abs(score - expected) < 1e-5)
    }
  }

  @Test(arguments: [1, 8, 100])
  func theMaximumIsThatOfSquares(pooling: Int) throws {
    let map = try Generator(seed: 1).normal([3, 40, 32])
    let found = try PictureScore.maximum(pooling: pooling)(map)
    let expected =
      pooling > 32
      ? try map.mean(axes: [1, 2]).floats()
      : try map.reshaped([3, 1, 40, 32]).averagePooled(kernel: pooling, stride: 1, padding: 0)
        .maximum(axes: [1, 2, 3]).floats()
    #expect(found.shape == [3])
    for (score, expected) in zip(try found.floats(), expected) {
      #expect(abs(score - expected) < 1e-5)
    }
  }

  /// What methods of one map and of levels score by the top is the map's own: whatever brought it to
  /// picture size.
  @Test func everyMethodCanScoreByTheTop() throws {
    let (shape, top) = (
      MapShape(channels: 12, grid: Grid(height: 5, width: 4)), PictureScore.top(share: 0.05)
    )
    var (patchCore, ras) = (PatchCoreSettings(), RASSettings())
    patchCore.smoothing = 2
    (ras.hidden, ras.heads, ras.feedforward, ras.window) = (16, 2, 16, 3)
    let methods: [any AnomalyMethod] = [
      RASMethod(ras, shape: shape, score: top),
      PatchCoreMethod(patchCore, shape: shape, score: top),
      PaDiMMethod(selected: [0, 3], grid: shape.grid, score: top),
    ]
    let features = try Generator(seed: 2).normal([2, 12, 5, 4])
    for method in methods {
      let generator = try Generator(seed: 3)
      let found = try method.detect(
        [features], size: Self.size,
        parameters: Parameters { _, shape, _ in
          try generator.normal(shape.map { $0 < 0 ? 30 : $0 })
        })
      for (score, expected) in zip(try found.score.floats(), try tops(found.map, 64)) {
        #expect(abs(score / expected - 1) < 1e-4, "\(type(of: method))")
      }
    }
    // RLR's score is of the smoothed map, so it lies below its map's own.
    let level = RLRLevelShape(
      channels: 6, grid: Grid(height: 5, width: 4), hidden: 16, window: 3)
    let coarse = try Generator(seed: 4).normal([2, 1, 5, 4])
    let whole = RLRMethod(levels: [level], score: .top(share: 1))
    let all = try whole.detect(levelMaps: [coarse], size: Self.size).score.floats()
    let most = RLRMethod(levels: [level], score: .top(share: 1e-9))
    let peak = RLRMethod(levels: [level])
    let scores = try most.detect(levelMaps: [coarse], size: Self.size).score.floats()
    #expect(try scores == peak.detect(levelMaps: [coarse], size: Self.size).score.floats())
    for (mean, peak) in zip(all, scores) { #expect(mean < peak) }
  }

  @Test func openVINOComputesWhatLibTorchDoes() throws {
    let map = try Generator(seed: 1).normal([2, 40, 32])
    let graph = Graph(name: "score")
    let input = try graph.input("map", shape: [-1, 40, 32])
    let scores: [PictureScore] = [.top(share: 0.01), .maximum(pooling: 8), .maximum(pooling: 1)]
    for (index, score) in scores.enumerated() {
      try graph.output(score(input), name: "score\(index)")
    }
    let request = try Core().compile(
      onnx: graph.model(), options: CompileOptions(precision: .f32, threads: 2)
    ).makeRequest()
    try request.setInput("map", map.floats(), shape: [2, 40, 32])
    try request.infer()
    for (index, score) in scores.enumerated() {
      let (found, expected) = (try request.output("score\(index)").values, try score(map).floats())
      #expect(found.count == 2)
      for (a, b) in zip(found, expected) { #expect(abs(a - b) < 1e-5, "\(score)") }
    }
  }
}
