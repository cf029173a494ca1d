import Networks
import Testing
import Torch

/// What the perception does to the map, by what a token is compared with.
struct URANetComparisonTests {
  private static let size = Grid(height: 20, width: 16)

  private struct Found {
    let map: [Float]
    let restoration: Restoration<Tensor>
  }

  /// - Parameters:
  ///   - flagging: the perception's bias, of all tokens.
  ///   - hides: whether flagged tokens are hidden from the restoration.
  private func found(
    _ compared: URANetSettings.Comparison, flagging bias: Float, hides: Bool
  ) throws -> Found {
    let shape = MapShape(channels: 6, grid: Grid(height: 5, width: 4))
    var c = URANetSettings()
    (c.hidden, c.heads, c.feedforward, c.prototypes, c.perception.width) = (16, 2, 24, 5, 8)
    (c.mask, c.floor, c.compared, c.smoothing) = (hides, 0.25, compared, 0)
    let method = URANetMethod(c, shape: shape, scorePooling: 4)
    let store = ParameterStore()
    let source = store.initialized(by: try Generator(seed: 1))
    let features = try Generator(seed: 2).normal([2, 6, 5, 4])
    let tokens = try features.tokens()
    _ = try URANet(c, shape: shape, source)(tokens)
    try #require(store["perception.logit.bias"]).assign([bias])
    return Found(
      map: try method.detect([features], size: Self.size, parameters: source).map.floats(),
      restoration: try URANet(c, shape: shape, source)(tokens))
  }

  /// What is not hidden is restored alike, whatever is perceived: then only its weight can differ.
  @Test func byRegionWhatIsFlaggedCountsMoreAndUniformlyAllCountAlike() throws {
    let quiet = try found(.region, flagging: -40, hides: false)
    let loud = try found(.region, flagging: 40, hides: false)
    #expect(zip(loud.map, quiet.map).allSatisfy { $0 > 2 * $1 })
    let same = try found(.uniform, flagging: -40, hides: false)
    #expect(try same.map == found(.uniform, flagging: 40, hides: false).map)
    // With nothing flagged the region is the floor, everywhere.
    for (a, b) in zip(same.map, quiet.map) { #expect(abs(a - b) <= 1e-5 * abs(b)) }
  }

  @Test func whatIsPerceivedIsHiddenWhateverIsCompared() throws {
    let quiet = try found(.uniform, flagging: -40, hides: true)
    let loud = try found(.uniform, flagging: 40, hides: true)
    #expect(quiet.map != loud.map)
  }

  @Test func aShareOfEveryTokenIsRewritten() throws {
    let restoration = try found(.uniform, flagging: 0, hides: true).restoration
    let (f, r) = try (restoration.features.floats(), restoration.restored.floats())
    let mixed = try restoration.tokens(share: 0.25).floats()
    for index in f.indices {
      #expect(abs(mixed[index] - (0.75 * f[index] + 0.25 * r[index])) < 1e-5)
    }
    #expect(try restoration.tokens(share: 1).floats() == r)
  }
}
