import Foundation
import Networks
import Testing
import Torch

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
