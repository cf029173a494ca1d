import Networks
import Testing
import Torch

struct RASTests {
  private static let shape = MapShape(channels: 12, grid: Grid(height: 5, width: 4))

  private var small: RASSettings {
    var c = RASSettings()
    c.hidden = 16
    c.heads = 4
    c.feedforward = 24
    c.window = 3
    return c
  }

  @Test func theLastStepIsTheReconstruction() throws {
    let store = ParameterStore()
    let network = try RAS(small, shape: Self.shape, store.initialized(by: Generator(seed: 1)))
    let features = try Generator(seed: 2).normal([3, 12, 5, 4])
    let steps = try network.steps(features)
    #expect(steps.count == 4)
    #expect(steps.allSatisfy { $0.shape == [3, 12, 5, 4] })
    #expect(
      try steps[3].floats() == network.reconstruction(features).featureMap(Self.shape.grid).floats()
    )
  }

  @Test func onlyTheLastOutputIsSupervisedAndNoKeyBias() throws {
    let store = ParameterStore()
    let network = try RAS(small, shape: Self.shape, store.initialized(by: Generator(seed: 1)))
    let features = try Generator(seed: 2).normal([2, 12, 5, 4])
    try network.reconstruction(features).meanSquaredError(features.tokens()).backward()
    for name in store.names {
      let isEarlyOutput =
        name.hasPrefix("decoder.") && name.contains(".output.")
        && !name.contains("attention") && !name.hasPrefix("decoder.3")
      let unreached = isEarlyOutput || name.hasSuffix("key.bias")
      #expect(try (store[name]?.gradient() == nil) == unreached, "\(name)")
    }
  }

  @Test func theAblationsDropTheirParts() throws {
    func names(_ change: (inout RASSettings) -> Void) throws -> [String] {
      var c = small
      change(&c)
      let store = ParameterStore()
      let network = try RAS(c, shape: Self.shape, store.initialized(by: Generator(seed: 1)))
      _ = try network.reconstruction(Generator(seed: 2).normal([1, 12, 5, 4]))
      return store.names
    }
    #expect(try !names { $0.gate = false }.contains { $0.contains("gate") })
    #expect(try !names { $0.transformer = false }.contains { $0.contains("block") })
    #expect(try !names { $0.updateNorm = false }.contains { $0.hasPrefix("decoder.0.norm") })
    #expect(try !names { $0.encoder = 0 }.contains { $0.hasPrefix("encoder") })
    #expect(try names { _ in }.contains("decoder.3.gate.weight"))
  }

  @Test func theContextsBeginEqualAndLearnApart() throws {
    let store = ParameterStore()
    let network = try RAS(small, shape: Self.shape, store.initialized(by: Generator(seed: 1)))
    let first = try #require(store["decoder.0.context"])
    let last = try #require(store["decoder.3.context"])
    #expect(try first.floats() == last.floats())
    let features = try Generator(seed: 2).normal([1, 12, 5, 4])
    try network.reconstruction(features).meanSquaredError(features.tokens()).backward()
    #expect(try first.gradient()?.floats() != last.gradient()?.floats())
  }

  @Test func theJitterHasItsScale() throws {
    let tokens = try Tensor([3, 4, 0, 0], shape: [1, 2, 2])
    let noise = try Tensor([1, -1, 1, 1], shape: [1, 2, 2])
    // ‖(3, 4)‖ = 5 over 2 channels, scale 10: 25; the zero token stays.
    #expect(try tokens.jittered(by: noise, scale: 10).floats() == [28, -21, 0, 0])
  }

  @Test func noiseDropsOutAndJittersOnlyWhileTraining() throws {
    var c = small
    c.jitter = 0
    c.dropout = 0.5
    let network = try RAS(
      c, shape: Self.shape, ParameterStore().initialized(by: Generator(seed: 1)))
    let features = try Generator(seed: 2).normal([1, 12, 5, 4])
    let quiet = try network.reconstruction(features).floats()
    #expect(try network.reconstruction(features).floats() == quiet)
    func noisy(_ seed: UInt64) throws -> [Float] {
      try network.reconstruction(features, noise: Generator(seed: seed).trainingNoise).floats()
    }
    #expect(try noisy(3) != quiet)
    #expect(try noisy(3) == noisy(3))
    #expect(try noisy(3) != noisy(4))
  }

  @Test func dropoutKeepsTheMean() throws {
    let mask = try Generator(seed: 1).dropoutMask([40000], 0.25).floats()
    #expect(Set(mask) == [0, 1 / 0.75])
    #expect(abs(mask.reduce(0, +) / 40000 - 1) < 0.02)
  }

  @Test func theImageScoreIsTheLargestAverage() throws {
    let method = RASMethod(small, shape: Self.shape, score: .maximum(pooling: 8))
    let map = try Generator(seed: 4).normal([2, 1, 5, 4])
    let detection = try method.detect(anomalyMap: map, size: Grid(height: 40, width: 48))
    let expected = try map.resized(height: 40, width: 48)
      .averagePooled(kernel: 8, stride: 1, padding: 0).maximum(axes: [1, 2, 3]).floats()
    #expect(detection.map.shape == [2, 40, 48])
    for (a, b) in try zip(detection.score.floats(), expected) { #expect(abs(a - b) < 1e-5) }
  }
}
