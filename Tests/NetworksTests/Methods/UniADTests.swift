import Networks
import Testing
import Torch

struct UniADTests {
  private static let shape = MapShape(channels: 12, grid: Grid(height: 5, width: 4))

  private var small: UniADSettings {
    var c = UniADSettings()
    c.hidden = 16
    c.heads = 4
    c.feedforward = 24
    c.encoder = 2
    c.decoder = 2
    c.window = 3
    return c
  }

  private func network(
    _ settings: UniADSettings, store: ParameterStore = ParameterStore()
  ) throws -> UniAD<Tensor> {
    try UniAD(settings, shape: Self.shape, store.initialized(by: Generator(seed: 1)))
  }

  @Test func everyParameterLearnsButTheKeysBiases() throws {
    let store = ParameterStore()
    let network = try network(small, store: store)
    let features = try Generator(seed: 2).normal([2, 12, 5, 4])
    try network.reconstruction(features).meanSquaredError(features.tokens()).backward()
    for name in store.names {
      #expect(try (store[name]?.gradient() == nil) == name.hasSuffix("key.bias"), "\(name)")
    }
  }

  @Test func theQueriesBeginEqualAndLearnApart() throws {
    let store = ParameterStore()
    let network = try network(small, store: store)
    let (first, last) = (
      try #require(store["decoder.0.query"]), try #require(store["decoder.1.query"])
    )
    #expect(try first.floats() == last.floats())
    let features = try Generator(seed: 2).normal([1, 12, 5, 4])
    try network.reconstruction(features).meanSquaredError(features.tokens()).backward()
    #expect(try first.gradient()?.floats() != last.gradient()?.floats())
  }

  /// With masks everywhere no path leads from a token to its own reconstruction except over others:
  /// in a network of one encoder block and one layer, a token's neighbourhood stays unseen in the
  /// decoder's attentions when the encoder has none.
  @Test func maskedAttentionDoesNotSeeTheNeighbourhood() throws {
    func response(_ change: (inout UniADSettings) -> Void) throws -> [Float] {
      var c = small
      c.encoder = 0
      c.decoder = 1
      change(&c)
      let network = try network(c)
      let features = try Generator(seed: 2).normal([1, 12, 5, 4]).floats()
      var changed = features
      // The token in row 2, column 1, in all channels.
      for channel in 0..<12 { changed[channel * 20 + 2 * 4 + 1] += 3 }
      let before = try network.reconstruction(Tensor(features, shape: [1, 12, 5, 4])).floats()
      let after = try network.reconstruction(Tensor(changed, shape: [1, 12, 5, 4])).floats()
      return (0..<20).map { token in
        (0..<12).reduce(0) { $0 + abs(before[token * 12 + $1] - after[token * 12 + $1]) }
      }
    }
    let masked = try response { _ in }
    for row in 0..<5 {
      for column in 0..<4 {
        let isNeighbour = abs(row - 2) <= 1 && abs(column - 1) <= 1
        #expect((masked[row * 4 + column] == 0) == isNeighbour, "\(row), \(column)")
      }
    }
    #expect(try response { $0.maskSelf = false }[9] > 0)
    #expect(try response { $0.maskCross = false }[9] > 0)
    #expect(try response { $0.window = 0 }[9] > 0)
  }

  @Test func noiseDropsOutAndJittersOnlyWhenGiven() throws {
    let network = try network(small)
    let features = try Generator(seed: 2).normal([1, 12, 5, 4])
    let quiet = try network.reconstruction(features).floats()
    #expect(try network.reconstruction(features).floats() == quiet)
    func noisy(_ seed: UInt64) throws -> [Float] {
      try network.reconstruction(features, noise: Generator(seed: seed).trainingNoise).floats()
    }
    #expect(try noisy(3) == noisy(3))
    #expect(try noisy(3) != noisy(4) && noisy(3) != quiet)
  }

  @Test func jitterAloneLeavesTheTargetAsItIs() throws {
    let store = ParameterStore()
    let parameters = store.initialized(by: try Generator(seed: 1))
    var method = UniADMethod(small, shape: Self.shape, score: .maximum(pooling: 4))
    let features = try Generator(seed: 2).normal([2, 12, 5, 4])
    let size = Grid(height: 40, width: 32)
    let quiet = try method.detect([features], size: size, parameters: parameters)
    let noise = TrainingNoise<Tensor>(normal: { try Generator(seed: 5).normal($0) })
    method.jitter = 0
    let still = try method.detect([features], size: size, parameters: parameters, noise: noise)
    #expect(try still.map.floats() == quiet.map.floats())
    method.jitter = 30
    let shaken = try method.detect([features], size: size, parameters: parameters, noise: noise)
    #expect(try shaken.map.floats() != quiet.map.floats())
    #expect(shaken.score.shape == [2])
  }
}
