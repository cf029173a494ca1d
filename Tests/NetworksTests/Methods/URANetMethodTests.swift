import Networks
import ONNX
import OpenVINO
import Testing
import Torch

/// The recorded network is the trained one, its perception included.
struct URANetGraphTests {
  private static let grid = Grid(height: 5, width: 4)
  private static let size = Grid(height: 40, width: 32)

  enum Change: CaseIterable {
    case none, region, norm, sum, epistemic, samples, deterministic, noMask, noPrototypes, noKappa,
      floor,
      top,
      window, windowWithoutMask

    func callAsFunction(_ method: inout URANetMethod) {
      switch self {
      case .none: break
      case .region: method.settings.compared = .region
      case .norm: method.settings.residual = .norm
      case .sum: method.settings.residual = .sum
      case .epistemic: method.settings.perception.uncertainty = .epistemic
      case .samples: method.settings.perception.samples = 6
      case .deterministic: method.settings.perception.head = .deterministic
      case .noMask: method.settings.mask = false
      case .noPrototypes: method.settings.prototypes = 0
      case .noKappa: method.settings.kappa = 0
      case .floor: method.settings.floor = 0.25
      case .top: (method.settings.score, method.settings.topShare) = (.top, 0.05)
      case .window: method.settings.window = 3
      case .windowWithoutMask:
        (method.settings.window, method.settings.mask) = (3, false)
      }
    }
  }

  private func method(_ change: Change) -> URANetMethod {
    var c = URANetMethod.defaults
    c.hidden = 16
    c.heads = 2
    c.feedforward = 24
    c.prototypes = 5
    c.perception.width = 8
    c.perception.deviation = 0.1
    var method = URANetMethod(
      c, shape: MapShape(channels: 6, grid: Self.grid), score: .maximum(pooling: 8))
    change(&method)
    return method
  }

  /// - Parameter bias: of the perception: from a picture where nothing is flagged to one where all is.
  @Test(arguments: Change.allCases, [-3, 0, 40] as [Float])
  func openVINOComputesWhatLibTorchDoes(_ change: Change, bias: Float) throws {
    let method = method(change)
    let store = ParameterStore()
    let source = store.initialized(by: try Generator(seed: 1))
    let features = try Generator(seed: 2).normal([2, 6, 5, 4])
    _ = try method.detect([features], size: Self.size, parameters: source)
    try #require(store["perception.logit.bias"]).assign([bias])
    let found = try method.detect([features], size: Self.size, parameters: source)
    let perceived = try #require(found.perceived)
    #expect(found.map.shape == [2, 40, 32] && perceived.uncertainty.shape == [2, 40, 32])
    #expect(found.score.shape == [2] && perceived.suspicion.shape == [2])
    #expect(perceived.probability.shape == [2, 5, 4])

    let graph = Graph(name: "ura")
    let values = Dictionary(
      uniqueKeysWithValues: try store.names.map { name in
        let tensor = try #require(store[name])
        return (name, (shape: tensor.shape, values: try tensor.floats()))
      })
    let input = try graph.input("features", shape: [-1, 6, 5, 4])
    let recorded = try method.detect(
      [input], size: Self.size, parameters: graph.parameters(from: values))
    let recordedPerception = try #require(recorded.perceived)
    let outputs: [(name: String, node: Node, tensor: Tensor)] = [
      ("map", recorded.map, found.map), ("score", recorded.score, found.score),
      ("uncertainty", recordedPerception.uncertainty, perceived.uncertainty),
      ("suspicion", recordedPerception.suspicion, perceived.suspicion),
      ("probability", recordedPerception.probability, perceived.probability),
    ]
    for output in outputs { try graph.output(output.node, name: output.name) }
    let request = try Core().compile(onnx: graph.model(), options: CompileOptions(threads: 2))
      .makeRequest()
    try request.setInput("features", features.floats(), shape: [2, 6, 5, 4])
    try request.infer()
    for output in outputs {
      let expected = try output.tensor.floats()
      let values = try request.output(output.name).values
      let largest = expected.map(abs).max() ?? 0
      let worst = zip(values, expected).map { abs($0 - $1) }.max() ?? .infinity
      #expect(values.count == expected.count && values.allSatisfy { $0.isFinite })
      #expect(worst <= 1e-4 * max(largest, 1e-3), "\(output.name): \(worst) of \(largest)")
    }
  }

  @Test func theTopScoreIsTheMeanOfTheMapsLargestValues() throws {
    let method = method(.top)
    let source = ParameterStore().initialized(by: try Generator(seed: 1))
    let features = try Generator(seed: 2).normal([2, 6, 5, 4])
    let found = try method.detect([features], size: Self.size, parameters: source)
    let map = try found.map.floats()
    for (picture, score) in try found.score.floats().enumerated() {
      // 0.05 of 40·32 values.
      let largest = map[picture * 1280..<(picture + 1) * 1280].sorted(by: >).prefix(64)
      #expect(abs(score / (largest.reduce(0, +) / 64) - 1) < 1e-5)
    }
    // However small the share, one value is left: the map's maximum.
    var least = method
    least.settings.topShare = 1e-9
    let peaks = try least.detect([features], size: Self.size, parameters: source)
    #expect(try peaks.score.floats() == peaks.map.maximum(axes: [1, 2]).floats())
  }

  @Test func everyPictureIsJudgedAlone() throws {
    let method = method(.none)
    let source = ParameterStore().initialized(by: try Generator(seed: 1))
    let features = try Generator(seed: 2).normal([3, 6, 5, 4])
    let together = try method.detect([features], size: Self.size, parameters: source)
    for picture in 0..<3 {
      let alone = try method.detect(
        [features.sliced(axis: 0, picture..<picture + 1)], size: Self.size, parameters: source)
      let pair = try (
        alone.score.item(), together.score.floats()[picture],
        #require(alone.perceived).suspicion.item(),
        #require(together.perceived).suspicion.floats()[picture]
      )
      #expect(abs(pair.0 - pair.1) <= 1e-4 * abs(pair.1))
      #expect(abs(pair.2 - pair.3) <= 1e-4)
    }
  }

  @Test func theSuspicionIsTheMeanOfTheMostProbablyAnomalousTokens() throws {
    var method = method(.none)
    let first: [Float] = (0..<20).map { $0 == 7 ? 0.9 : $0 == 12 ? 0.5 : 0.01 }
    let both = try Tensor(first + first.map { _ in 0.25 }, shape: [2, 20, 1])
    // 2 % of 20 tokens is none; one is looked at all the same.
    #expect(try method.suspicion(both).floats() == [0.9, 0.25])
    method.settings.perception.suspicious = 0.1
    #expect(abs(try method.suspicion(both).floats()[0] - 0.7) < 1e-6)
    method.settings.perception.suspicious = 1
    #expect(abs(try method.suspicion(both).floats()[0] - (0.9 + 0.5 + 0.18) / 20) < 1e-6)
  }
}

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
    let method = URANetMethod(c, shape: shape, score: .maximum(pooling: 4))
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
