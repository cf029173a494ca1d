import Networks
import Testing
import Torch

/// What may not leak: a token that is flagged with m = 1 has no say in any restored feature.
struct RestorationAttentionTests {
  private static let grid = Grid(height: 3, width: 4)
  private static let shape = MapShape(channels: 6, grid: grid)

  private func network(_ change: (inout URANetSettings) -> Void = { _ in }) throws
    -> URANet<Tensor>
  {
    var c = URANetSettings()
    c.hidden = 16
    c.heads = 2
    c.feedforward = 24
    c.blocks = 2
    c.prototypes = 5
    c.perception.width = 8
    change(&c)
    return try URANet(
      c, shape: Self.shape, ParameterStore().initialized(by: Generator(seed: 1)))
  }

  private func tokens(_ seed: UInt64 = 2) throws -> Tensor {
    try Generator(seed: seed).normal([2, Self.grid.count, 6])
  }

  /// The tokens with those of `flagged`, in both pictures, replaced by others, a hundred times larger.
  private func perturbed(_ tokens: Tensor, _ flagged: Set<Int>) throws -> Tensor {
    let other = try Generator(seed: 9).normal(tokens.shape).floats()
    var values = try tokens.floats()
    for index in values.indices where flagged.contains(index / 6 % Self.grid.count) {
      values[index] = 100 * other[index]
    }
    return try Tensor(values, shape: tokens.shape)
  }

  private func kept(_ value: (Int) -> Float) throws -> Tensor {
    let row = (0..<Self.grid.count).map(value)
    return try Tensor(row + row, shape: [2, Self.grid.count, 1])
  }

  @Test(
    arguments: [[0], [5], [11], [0, 1, 2, 3], [1, 4, 6, 7, 8], Array(0..<11), Array(0..<12)],
    [0, 5])
  func aFlaggedTokenChangesNothingThatIsRestored(flagged: [Int], prototypes: Int) throws {
    let network = try network { $0.prototypes = prototypes }
    let flagged = Set(flagged)
    let kept = try kept { flagged.contains($0) ? 0 : $0 % 3 == 0 ? 0.4 : 1 }
    let tokens = try tokens()
    let restored = try network.restored(tokens, kept: kept).floats()
    #expect(restored.allSatisfy { $0.isFinite })
    let other = try perturbed(tokens, flagged)
    #expect(try other.floats() != tokens.floats())
    // To the last bit, wherever the token is: also its own place.
    #expect(try network.restored(other, kept: kept).floats() == restored)
  }

  @Test func anUnflaggedTokenHasItsSay() throws {
    let network = try network()
    let kept = try kept { $0 == 3 ? 0 : 1 }
    let tokens = try tokens()
    let restored = try network.restored(tokens, kept: kept).floats()
    let other = try network.restored(perturbed(tokens, [4]), kept: kept).floats()
    // Token 3 is restored from the others, so another 4 makes another 3.
    #expect(Array(other[18..<24]) != Array(restored[18..<24]))
  }

  @Test func aTokenThatIsNearlyKeptWeighsNearlyAsMuch() throws {
    let network = try network()
    let tokens = try tokens()
    func restored(_ share: Float) throws -> [Float] {
      try network.restored(tokens, kept: kept { $0 == 3 ? share : 1 }).floats()
    }
    func distance(_ share: Float) throws -> Float {
      try zip(restored(share), restored(1)).map { abs($0 - $1) }.max() ?? 0
    }
    #expect(try distance(0.999) < 0.01)
    #expect(try distance(0.999) < distance(0.5))
    #expect(try distance(0.5) > 0)
    // Continuous down to the end, where the weight is a −∞.
    #expect(try zip(restored(1e-6), restored(0)).allSatisfy { abs($0 - $1) < 1e-3 })
  }

  @Test func withoutTheMaskAFlaggedTokenLeaks() throws {
    let network = try network { $0.mask = false }
    let kept = try kept { $0 == 3 ? 0 : 1 }
    let tokens = try tokens()
    let restored = try network.restored(tokens, kept: kept).floats()
    #expect(try network.restored(perturbed(tokens, [3]), kept: kept).floats() != restored)
  }

  /// With a window a token and its neighbours have no say in what is restored there, flagged or not.
  @Test(arguments: [1, 3, 5], [0, 5])
  func aTokenChangesNothingWithinItsWindow(window: Int, prototypes: Int) throws {
    for masks in [true, false] {
      let network = try network {
        ($0.window, $0.prototypes, $0.mask) = (window, prototypes, masks)
      }
      let kept = try kept { $0 % 3 == 0 ? 0.4 : 1 }
      let tokens = try tokens()
      let restored = try network.restored(tokens, kept: kept).floats()
      #expect(restored.allSatisfy { $0.isFinite })
      for changed in 0..<Self.grid.count {
        let other = try network.restored(perturbed(tokens, [changed]), kept: kept).floats()
        for token in 0..<Self.grid.count {
          let apart = max(
            abs(token / Self.grid.width - changed / Self.grid.width),
            abs(token % Self.grid.width - changed % Self.grid.width))
          let same = other[token * 6..<token * 6 + 6] == restored[token * 6..<token * 6 + 6]
          #expect(same == (apart <= window / 2), "\(changed) → \(token)")
        }
      }
    }
  }

  @Test func withAWindowAFlaggedTokenHasNoSayAnywhere() throws {
    let network = try network { $0.window = 1 }
    let kept = try kept { [2, 7].contains($0) ? 0 : 0.6 }
    let tokens = try tokens()
    let restored = try network.restored(tokens, kept: kept).floats()
    #expect(try network.restored(perturbed(tokens, [2, 7]), kept: kept).floats() == restored)
  }

  /// Gradients pass through a picture that is flagged in part, all over or not at all, with a bank or
  /// without, and do not grow on the way.
  @Test(arguments: [0, 3], [0, 64])
  func gradientsStayFinite(window: Int, prototypes: Int) throws {
    let store = ParameterStore()
    var c = URANetSettings()
    (c.hidden, c.heads, c.feedforward, c.perception.width, c.window) = (16, 2, 24, 8, window)
    c.prototypes = prototypes
    let network = try URANet(c, shape: Self.shape, store.initialized(by: Generator(seed: 1)))
    var unreached: Set<String> = []
    for bias in [-40, 0, 40] as [Float] {
      try #require(store["perception.logit.bias"]).assign([bias])
      for parameter in store.all { try parameter.clearGradient() }
      let tokens = try tokens()
      let restored = try network(tokens)
      #expect(try restored.kept.floats().allSatisfy { $0 >= 0 && $0 <= 1 })
      if bias == 40 { #expect(try restored.kept.floats().allSatisfy { $0 == 0 }) }
      try restored.tokens.meanSquaredError(tokens.affine(scale: 2, offset: 1)).backward()
      for name in store.names {
        let parameter = try #require(store[name])
        // What no way leads to has none; what has one has it whole.
        guard let gradient = try parameter.gradient()?.floats() else {
          unreached.insert(name)
          continue
        }
        #expect(gradient.allSatisfy { abs($0) < 1e3 }, "\(name) at \(bias)")
      }
    }
    // A bias of all keys moves no attention.
    #expect(unreached.allSatisfy { $0.hasSuffix("key.bias") }, "\(unreached)")
  }
}
