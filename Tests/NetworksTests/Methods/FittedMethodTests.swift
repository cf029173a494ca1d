import Foundation
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
    var method = PatchCoreMethod(shape: Self.shape, score: .maximum(pooling: 8))
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
      selected: [0, 1, 4, 7, 11], grid: Self.grid, score: .maximum(pooling: 8))
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

/// PatchCore's reweighted score against its definition, written out in double precision.
struct ReweightedScoreTests {
  private static let grid = Grid(height: 3, width: 4)
  private static let channels = 6

  private func scores(
    _ features: Tensor, bank: [[Double]], centre: [Double], neighbours: Int
  ) throws -> [Float] {
    var method = PatchCoreMethod(shape: MapShape(channels: Self.channels, grid: Self.grid))
    (method.settings.score, method.settings.neighbours) = (.reweighted, neighbours)
    let rows = bank.flatMap { row in zip(row, centre).map { Float($0.0 - $0.1) } }
    return try method.detect(
      [features], size: Grid(height: 12, width: 16),
      parameters: Parameters { name, _, _ in
        name == "bank"
          ? try Tensor(rows, shape: [bank.count, Self.channels])
          : try Tensor(centre.map(Float.init), shape: [Self.channels])
      }
    ).score.floats()
  }

  /// Equations 6 and 7 as printed.
  private func expected(
    _ patches: [[Double]], bank: [[Double]], neighbours: Int
  ) -> Double {
    func distance(_ a: [Double], _ b: [Double]) -> Double {
      zip(a, b).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }.squareRoot()
    }
    func nearest(_ x: [Double]) -> [Double] {
      bank.min { distance(x, $0) < distance(x, $1) } ?? []
    }
    let farthest =
      patches.max { distance($0, nearest($0)) < distance($1, nearest($1)) } ?? []
    let match = nearest(farthest)
    let hood = bank.sorted { distance(match, $0) < distance(match, $1) }.prefix(neighbours)
    let top = distance(farthest, match)
    let sum = hood.reduce(0) { $0 + exp(distance(farthest, $1)) }
    return (1 - exp(top) / sum) * top
  }

  /// The patches of each picture of `[batch, C, h, w]`.
  private func patches(_ features: Tensor) throws -> [[[Double]]] {
    let values = try features.floats().map(Double.init)
    let count = Self.grid.count
    return (0..<features.shape[0]).map { picture in
      (0..<count).map { place in
        (0..<Self.channels).map { values[(picture * Self.channels + $0) * count + place] }
      }
    }
  }

  @Test(arguments: [(40, 2), (40, 9), (40, 40), (5, 9), (9000, 3)])
  func isTheDefinitions(size: Int, neighbours: Int) throws {
    let generator = try Generator(seed: 5)
    let features = try generator.normal([4, Self.channels, 3, 4])
    let values = try generator.normal([size, Self.channels]).floats().map(Double.init)
    let bank = (0..<size).map { Array(values[$0 * Self.channels..<($0 + 1) * Self.channels]) }
    let centre = try generator.normal([Self.channels]).floats().map(Double.init)
    let found = try scores(features, bank: bank, centre: centre, neighbours: neighbours)
    for (score, patches) in zip(found, try patches(features)) {
      let wanted = expected(patches, bank: bank, neighbours: min(neighbours, size))
      #expect(abs(Double(score) - wanted) < 1e-4 * max(1, wanted), "\(score), \(wanted)")
    }
  }

  @Test func aPatchBesideARareOneScoresHigher() throws {
    // Two pictures, each a distance of 1 from the bank: one beside a patch with company, one beside a
    // patch whose neighbours are far away.
    var crowd = [[Double]](repeating: [0, 0, 0, 0, 0, 0], count: 4)
    for index in crowd.indices { crowd[index][index] = 0.1 + 0.03 * Double(index) }
    let lonely: [Double] = [0, 0, 0, 0, 0, 9]
    var values = [Float](repeating: 0, count: 2 * Self.channels * Self.grid.count)
    for picture in 0..<2 {
      for place in 0..<Self.grid.count {
        // Elsewhere the picture is on a patch of the bank.
        values[(picture * Self.channels + 0) * Self.grid.count + place] = 0.1
      }
    }
    func set(_ picture: Int, _ channel: Int, _ value: Float) {
      values[(picture * Self.channels + channel) * Self.grid.count + 5] = value
    }
    set(0, 4, 1)
    set(1, 0, 0)
    set(1, 5, 10)
    let features = try Tensor(values, shape: [2, Self.channels, 3, 4])
    let found = try scores(
      features, bank: crowd + [lonely], centre: [0, 0, 0, 0, 0, 0], neighbours: 3)
    #expect(found[1] > found[0], "\(found)")
    #expect(found[1] < 1 && found[0] > 0)
  }
}
