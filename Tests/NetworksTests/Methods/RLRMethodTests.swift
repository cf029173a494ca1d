import Foundation
import Networks
import ONNX
import Testing
import Torch

struct RLRMethodTests {
  private var method: RLRMethod {
    var c = RLRSettings()
    (c.heads, c.layers) = (2, 1)
    return RLRMethod(
      c,
      levels: [
        RLRLevelShape(channels: 6, grid: Grid(height: 8, width: 8), hidden: 16, window: 3),
        RLRLevelShape(channels: 10, grid: Grid(height: 4, width: 4), hidden: 32, window: 3),
      ])
  }

  private func features() throws -> [Tensor] {
    let generator = try Generator(seed: 5)
    return [try generator.normal([2, 6, 8, 8]), try generator.normal([2, 10, 4, 4])]
  }

  @Test func theMapIsTheMeanOfTheLevels() throws {
    let generator = try Generator(seed: 4)
    let maps = [try generator.normal([2, 1, 8, 8]), try generator.normal([2, 1, 4, 4])]
    let found = try method.detect(levelMaps: maps, size: Grid(height: 32, width: 24))
    let expected = try
      (maps[0].resized(height: 32, width: 24)
      + maps[1].resized(height: 32, width: 24)).affine(scale: 0.5, offset: 0).floats()
    #expect(found.map.shape == [2, 32, 24])
    for (a, b) in try zip(found.map.floats(), expected) { #expect(abs(a - b) < 1e-5) }
    // The Gaussian's weights sum to 1 and its peak lies lower than the map's.
    let scores = try found.score.floats()
    let peaks = try found.map.maximum(axes: [1, 2]).floats()
    #expect(found.score.shape == [2])
    for (score, peak) in zip(scores, peaks) { #expect(score < peak) }
    let flat = try Tensor([Float](repeating: 3, count: 16), shape: [1, 1, 4, 4])
    let constant = try method.detect(levelMaps: [flat], size: Grid(height: 40, width: 40))
    #expect(try abs(constant.score.item() - 3) < 1e-5)
  }

  @Test(arguments: [RLRSettings.Difference.meanSquare, .norm])
  func aLevelsMapIsDistanceAndCosine(difference: RLRSettings.Difference) throws {
    var method = method
    method.settings.difference = difference
    let features = try features()
    let network = try RLR(
      method.settings, levels: method.levels, ParameterStore().initialized(by: Generator(seed: 1)))
    let map = try method.levelMaps(features, network)[1].floats()
    let rebuilt = try network.reconstructions(features)[1].floats()
    let target = try features[1].tokens().floats()
    for token in 0..<map.count {
      let range = token * 10..<(token + 1) * 10
      let pairs = zip(rebuilt[range], target[range]).map { (Double($0), Double($1)) }
      let square = pairs.reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
      let dot = pairs.reduce(0) { $0 + $1.0 * $1.1 }
      let lengths = pairs.reduce(0) { $0 + $1.0 * $1.0 } * pairs.reduce(0) { $0 + $1.1 * $1.1 }
      let distance = difference == .norm ? square.squareRoot() : square / 10
      #expect(abs(Double(map[token]) - (distance + 1 - dot / lengths.squareRoot())) < 1e-4)
    }
  }

  @Test func levelsAreCounted() throws {
    let features = try features()
    #expect(throws: NetworkError.self) {
      let parameters = ParameterStore().initialized(by: try Generator(seed: 1))
      _ = try method.detect(
        [features[0]], size: Grid(height: 32, width: 32), parameters: parameters)
    }
  }

  /// The paper's three levels with its backbone: the masks of 4096 tokens are no part of the file, and
  /// keys and values of the references are stored once a token.
  @Test func theGraphOfThreeLevelsIsSmall() throws {
    let method = RLRMethod(
      levels: [
        .init(channels: 40, grid: Grid(height: 64, width: 64), hidden: 128, window: 11),
        .init(channels: 72, grid: Grid(height: 32, width: 32), hidden: 256, window: 7),
        .init(channels: 200, grid: Grid(height: 16, width: 16), hidden: 512, window: 5),
      ])
    let graph = Graph()
    var state: UInt64 = 1
    let parameters = Parameters<Node> { name, shape, _ in
      // Numbers that differ: equal constants would be stored once.
      let values = (0..<shape.reduce(1, *)).map { _ in
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Float(state >> 40) / Float(1 << 24) - 0.5
      }
      return try graph.parameter(name, shape: shape, values: values)
    }
    let features = try method.levels.enumerated().map { index, level in
      try graph.input(
        "x\(index)", shape: [-1, level.channels, level.grid.height, level.grid.width])
    }
    let found = try method.detect(
      features, size: Grid(height: 256, width: 256), parameters: parameters)
    try graph.output(found.map, name: "map")
    try graph.output(found.score, name: "score")
    let backbone = try #require(EfficientNetSpecification.named("efficientnet-b6"))
    let taps = try backbone.taps(atStrides: [4, 8, 16])
    #expect(taps == [8, 14, 30])
    let trunk = backbone.parameterShapes(throughBlock: 30).values
      .reduce(0) { $0 + 4 * $1.reduce(1, *) }
    let bytes = try graph.model().count + trunk
    #expect(bytes < 300_000_000, "\(bytes)")
  }
}

/// Where a token of RLR looks.
struct RLRLookTests {
  private let grid = Grid(height: 6, width: 7)

  private func network(
    layers: Int, window: Int = 3, change: (inout RLRSettings) -> Void = { _ in }
  ) throws -> (RLRLevel<Tensor>, Tensor, ParameterStore) {
    var c = RLRSettings()
    (c.heads, c.layers) = (2, layers)
    change(&c)
    let store = ParameterStore()
    let level = try RLR(
      c, levels: [RLRLevelShape(channels: 5, grid: grid, hidden: 16, window: window)],
      store.initialized(by: Generator(seed: 4))
    ).levels[0]
    return (level, try Generator(seed: 5).normal([1, 5, grid.height, grid.width]), store)
  }

  private func isNear(_ key: Int, row: Int, column: Int) -> Bool {
    abs(key / grid.width - row) <= 1 && abs(key % grid.width - column) <= 1
  }

  @Test(arguments: [(0, 0), (3, 2), (5, 6)])
  func eachAttentionLooksWhereItMay(row: Int, column: Int) throws {
    let (level, features, _) = try network(layers: 3)
    let look = try level.look(features, row: row, column: column)
    let mlka = try #require(try look.mlka?.floats())
    let lca = try #require(try look.lca?.floats())
    for weights in [mlka, lca] { #expect(abs(weights.reduce(0, +) - 1) < 1e-5) }
    for key in 0..<grid.count {
      let near = isNear(key, row: row, column: column)
      #expect((mlka[key] > 0) == !near)
      #expect((lca[key] > 0) == near)
    }
  }

  /// In one layer the look is the softmax of the projected token against the projected reference.
  @Test func theLookIsTheSoftmaxOfTheScores() throws {
    let (level, features, store) = try network(layers: 1) { $0.heads = 1 }
    let (row, column) = (2, 4)
    let token = row * grid.width + column
    func linear(_ value: Tensor, _ name: String, bias: Bool = true) throws -> Tensor {
      try value.linear(
        weight: #require(store["0.\(name).weight"]),
        bias: bias ? #require(store["0.\(name).bias"]) : nil)
    }
    let positions = try SinePositions(grid: grid, width: 16)(like: features)
    let tokens = try features.reshaped([1, 5, grid.count]).permuted([0, 2, 1])
    let x = try linear(tokens, "embed") + positions
    let reference = try linear(#require(store["0.reference"]), "embed_reference") + positions
    let query = try linear(x, "layers.0.lca.query").floats()
    let keys = try linear(reference, "layers.0.lca.key", bias: false).floats()
    let scores = (0..<grid.count).map { key -> Float in
      let dot = (0..<16).reduce(Float(0)) { $0 + query[token * 16 + $1] * keys[key * 16 + $1] }
      return isNear(key, row: row, column: column) ? exp(dot / 4) : 0
    }
    let total = scores.reduce(0, +)
    let found = try #require(try level.look(features, row: row, column: column).lca?.floats())
    for (weight, score) in zip(found, scores) { #expect(abs(weight - score / total) < 1e-5) }
  }

  @Test func withoutAnAttentionThereIsNoLook() throws {
    let (level, features, _) = try network(layers: 1) { $0.mlka = false }
    let look = try level.look(features, row: 1, column: 1)
    #expect(look.mlka == nil && look.lca != nil)
    let (plain, input, _) = try network(layers: 1) {
      ($0.mlka, $0.lca, $0.selfAttention) = (false, false, true)
    }
    let none = try plain.look(input, row: 1, column: 1)
    #expect(none.mlka == nil && none.lca == nil)
  }

  @Test func aTokenWhoseWindowIsTheGridLooksNowhereBeyond() throws {
    let (level, features, _) = try network(layers: 1, window: 9)
    // The middle sees the whole grid as its window; the corner does not.
    #expect(try level.look(features, row: 2, column: 3).mlka == nil)
    #expect(try level.look(features, row: 0, column: 0).mlka != nil)
  }
}
