import Foundation
import Networks
import NormaCore
import NormaTraining
import Testing
import Torch

struct URANetTrainingTests {
  static func method(_ change: (inout URANetMethod) -> Void = { _ in }) -> URANetMethod {
    var c = URANetMethod.defaults
    c.hidden = 16
    c.heads = 2
    c.feedforward = 16
    c.blocks = 1
    c.prototypes = 6
    c.perception.width = 12
    // In features that are made up at random every token is unlike those around it.
    c.perception.surroundings = false
    // The region is the perception's alone, which so has to learn.
    c.floor = 0
    c.compared = .region
    // What so small a perception can learn in a moment: by Dice too, and not its own tokens, moved.
    (c.perception.dice, c.perception.loss, c.perception.divergence) = (1, .focal, 1)
    (c.synthesis.sources, c.synthesis.untouched) = ([.other, .noise], 0.3)
    var method = URANetMethod(c, shape: SmallTraining.map, score: .maximum(pooling: 4))
    change(&method)
    return method
  }

  private func features(_ count: Int = 6) throws -> Tensor {
    let shape = SmallTraining.shape
    return try Tensor(
      SmallTraining.features(count).flatMap { $0 },
      shape: [count, shape.channels, shape.grid.height, shape.grid.width])
  }

  /// The derivative of the loss in each parameter, by backpropagation and by central differences, along
  /// a direction between the gradient, so that there is something to see, and a random one.
  @Test(arguments: [
    URANetSettings.Perception.Loss.focal, URANetSettings.Perception.Loss.bce,
  ])
  func gradientsAreThoseOfFiniteDifferences(
    segmentation: URANetSettings.Perception.Loss
  ) throws {
    let method = Self.method { $0.settings.perception.loss = segmentation }
    let store = ParameterStore()
    let network = try method.network(
      store.initialized(by: Generator(seed: 5)), pictures: 20)
    let features = try features()
    func loss() throws -> Double {
      try withoutGradient {
        Double(try network.loss([features], noise: Generator(seed: 8)).item())
      }
    }
    try network.loss([features], noise: Generator(seed: 8)).backward()
    // Short, because the ReLUs' kinks cost in proportion; the loss is rounded at about 1e-7 of its size.
    let step = 1e-3
    let rounding = 4e-7 * (try loss()) / step
    var telling = 0
    for (index, name) in store.names.enumerated() where !name.hasSuffix("key.bias") {
      let parameter = try #require(store[name])
      let start = try parameter.floats()
      let gradient = try #require(try parameter.gradient()).floats().map(Double.init)
      let random = try Generator(seed: UInt64(100 + index)).normal([start.count]).floats()
      let direction = Self.unit(
        zip(Self.unit(gradient), Self.unit(random.map(Double.init))).map { $0 + $1 })
      func moved(_ sign: Double) throws -> Double {
        try parameter.assign(zip(start, direction).map { $0 + Float(sign * step * $1) })
        return try loss()
      }
      let slope = try (moved(1) - moved(-1)) / (2 * step)
      try parameter.assign(start)
      let expected = zip(gradient, direction).reduce(0.0) { $0 + $1.0 * $1.1 }
      let tolerance = 0.03 * abs(expected) + rounding
      #expect(abs(slope - expected) <= tolerance, "\(name): \(slope) for \(expected)")
      if abs(expected) > 10 * rounding { telling += 1 }
    }
    #expect(telling > store.names.count / 2, "\(telling) of \(store.names.count) say something")
  }

  private static func unit(_ vector: [Double]) -> [Double] {
    let norm = vector.reduce(0.0) { $0 + $1 * $1 }.squareRoot()
    return norm > 0 ? vector.map { $0 / norm } : vector
  }

  @Test func theDivergenceIsWeighedByTheTokensOfAllPictures() throws {
    let method = Self.method { $0.settings.perception.divergence = 1 }
    let store = ParameterStore()
    let source = store.initialized(by: try Generator(seed: 5))
    let features = try features()
    func loss(_ pictures: Int) throws -> Float {
      try method.network(source, pictures: pictures)
        .loss([features], noise: Generator(seed: 8)).item()
    }
    let network = try URANet(method.settings, shape: method.shape, source)
    let divergence = try #require(
      try network.perception.divergence(fromPrior: Float(method.settings.perception.prior))
    ).item()
    let difference = try loss(1) - loss(1_000_000)
    #expect(abs(difference / (divergence / 16) - 1) < 1e-3)
  }

  /// Jitter changes the loss of a training step, and no held-out one.
  @Test func jitterIsOfTheTraining() throws {
    let features = try features()
    func loss(seed: UInt64?, jitter: Double) throws -> Float {
      let method = Self.method { $0.settings.jitter = jitter }
      return try method.network(
        ParameterStore().initialized(by: Generator(seed: 5)), pictures: 10
      ).loss([features], noise: seed.map { try Generator(seed: $0) }).item()
    }
    #expect(try loss(seed: nil, jitter: 20) == loss(seed: nil, jitter: 0))
    #expect(try loss(seed: 1, jitter: 20) != loss(seed: 1, jitter: 0))
    #expect(try loss(seed: 1, jitter: 20) == loss(seed: 1, jitter: 20))
  }

  @Test func heldOutLossesSeeTheSameAnomaliesEveryTime() throws {
    let method = Self.method()
    let network = try method.network(
      ParameterStore().initialized(by: Generator(seed: 5)), pictures: 10)
    let features = try features()
    let first = try network.loss([features], noise: nil).item()
    #expect(try network.loss([features], noise: nil).item() == first)
    let drawn = try network.loss([features], noise: Generator(seed: 1)).item()
    #expect(try network.loss([features], noise: Generator(seed: 1)).item() == drawn)
    #expect(try network.loss([features], noise: Generator(seed: 2)).item() != drawn)
  }

  @Test func itLearnsAndTheSeedDecides() throws {
    try withTemporaryFolder { folder in
      let data = SmallTraining.data(try SmallTraining.store(in: folder))
      func train(seed: UInt64) throws -> TrainedNetwork {
        let trainer = try Trainer(
          Self.method(), data: data, settings: SmallTraining.settings(epochs: 30, seed: seed),
          fingerprint: "f")
        guard case .finished(let network) = try trainer.run(checkpoint: nil) else {
          throw TrainerTests.TestFailure("the training did not finish")
        }
        return network
      }
      let first = try train(seed: 3)
      let heldOut = try first.history.epochs.map { try #require($0.heldOut) }
      #expect((heldOut.last ?? 1) < 0.7 * (heldOut.first ?? 0))
      #expect(try train(seed: 3).values == first.values)
      #expect(try train(seed: 4).values != first.values)
      try anomaliesAreFound(first)
      try probabilitiesHold(first, data)
    }
  }

  /// On new anomalies of held-out pictures; and the same each time.
  private func probabilitiesHold(_ network: TrainedNetwork, _ data: TrainingData) throws {
    let method = Self.method()
    let found = try #require(try method.reliability(of: network, data: data))
    // Four rounds of four pictures of sixteen tokens.
    #expect(found.count == 4 * 4 * 16)
    #expect(found.observed > 0.05 && found.observed < 0.5)
    // What is called anomalous with more confidence more often is.
    let (lowest, highest) = (try #require(found.bins.first), try #require(found.bins.last))
    #expect(highest.observed > 2 * lowest.observed, "\(found)")
    #expect(try method.reliability(of: network, data: data) == found)
    // One that says a half of everything is as far off as that.
    var blank = network.values
    for (name, values) in blank where name.hasPrefix("perception.logit") {
      blank[name] = values.map { _ in 0 }
    }
    let unsure = TrainedNetwork(
      names: network.names, shapes: network.shapes, values: blank, history: network.history)
    let half = try #require(try method.reliability(of: unsure, data: data))
    #expect(abs(half.expectedCalibrationError - (0.5 - half.observed)) < 1e-3, "\(half)")
    let unmade = Self.method { $0.settings.synthesis.enabled = false }
    #expect(try unmade.reliability(of: network, data: data) == nil)
  }

  @Test func twinsArePastedFromTheStore() throws {
    try withTemporaryFolder { folder in
      let pictures = SmallTraining.features(12)
      let twins = pictures.map { $0.map { 5 - $0 } }
      let store = try SmallTraining.store(in: folder, features: pictures + twins)
      let statistics = store.statistics(level: 0, of: Array(0..<12))
      let data = TrainingData(
        store: store, training: Array(2..<12), heldOut: [0, 1],
        standardization: [
          Standardization(mean: statistics.mean, deviation: statistics.deviation)
        ], twins: 12)
      let both = try data.trainingBatch([3, 7])
      #expect(both.count == 2)
      #expect(try both[0].floats() == data.batch([3, 7])[0].floats())
      #expect(try both[1].floats() == data.batch([15, 19])[0].floats())
      let rows = try data.trainingBatch(rows: Tensor(rows: [3, 7]))
      #expect(try rows.map { try $0.floats() } == both.map { try $0.floats() })

      let method = Self.method { $0.settings.synthesis.sources = [.texture] }
      let trainer = try Trainer(
        method, data: data, settings: SmallTraining.settings(epochs: 2), fingerprint: "f")
      guard case .finished(let network) = try trainer.run(checkpoint: nil) else {
        throw TrainerTests.TestFailure("the training did not finish")
      }
      #expect(try method.reliability(of: network, data: data) != nil)
      let sections = try method.portrait(network, data: data, examples: [2, 5]).sections
      #expect(
        sections[0].rows.map(\.caption) == [
          "pasted: its textured twin", "pasted: its textured twin",
        ])
    }
  }

  /// A picture with a spot of other features scores higher than all that have none.
  private func anomaliesAreFound(_ network: TrainedNetwork) throws {
    let shape = SmallTraining.shape
    var pictures = SmallTraining.features(30).suffix(8).map { $0 }
    for token in [5, 6, 9, 10] {
      for channel in 0..<shape.channels {
        pictures[0][channel * shape.grid.count + token] = channel % 2 == 0 ? 2 : -2
      }
    }
    let features = try Tensor(
      pictures.flatMap { $0 },
      shape: [8, shape.channels, shape.grid.height, shape.grid.width])
    let found = try withoutGradient {
      try Self.method().detect(
        [features], size: Grid(height: 32, width: 32),
        parameters: Parameters(constants: network.weights))
    }
    let scores = try found.score.floats()
    #expect(scores.dropFirst().allSatisfy { $0 < scores[0] }, "\(scores)")
    let map = try found.map.floats()
    // The spot lies in the middle of the grid.
    #expect(map[16 * 32 + 16] > 4 * map[0])
  }
}

struct SegmentationLossTests {
  private let logits: [Float] = [-6, -0.5, 0, 0.7, 3, 60, -60, 1]
  private let truth: [Float] = [0, 1, 1, 0, 1, 1, 0, 0]

  private func tensors() throws -> (Tensor, Tensor) {
    (try Tensor(logits, shape: [2, 4, 1]), try Tensor(truth, shape: [2, 4, 1]))
  }

  private var probabilities: [Double] { logits.map { 1 / (1 + exp(-Double($0))) } }

  /// −log of the probability of the truth.
  private var surprise: [Double] {
    zip(logits, truth).map { log1p(exp($1 == 1 ? -Double($0) : Double($0))) }
  }

  @Test func crossEntropy() throws {
    let (z, m) = try tensors()
    let expected = surprise.reduce(0, +) / 8
    #expect(abs(Double(try SegmentationLoss.crossEntropy(z, m).item()) - expected) < 1e-6)
  }

  @Test func focal() throws {
    let (z, m) = try tensors()
    let expected =
      zip(zip(probabilities, truth), surprise).reduce(0.0) { sum, token in
        let wrong = token.0.1 == 1 ? 1 - token.0.0 : token.0.0
        return sum + wrong * wrong * token.1
      } / 8
    #expect(abs(Double(try SegmentationLoss.focal(z, m).item()) - expected) < 1e-6)
  }

  @Test func dice() throws {
    let (z, m) = try tensors()
    let common = zip(probabilities, truth).reduce(0.0) { $0 + $1.0 * Double($1.1) }
    let both = probabilities.reduce(0, +) + Double(truth.reduce(0, +))
    let expected = 1 - (2 * common + 1) / (both + 1)
    #expect(abs(Double(try SegmentationLoss.dice(z, m).item()) - expected) < 1e-6)
    // Nothing is anomalous and nothing is called so: no loss.
    let quiet = try Tensor(repeating: -60, shape: [2, 4, 1])
    let none = try Tensor(repeating: 0, shape: [2, 4, 1])
    #expect(abs(try SegmentationLoss.dice(quiet, none).item()) < 1e-6)
  }
}
