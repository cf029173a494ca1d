import Foundation
import Networks
import NormaCore
import NormaTraining
import Testing
import Torch

struct DinomalyTrainingTests {
  /// A decoder on one level of `SmallTraining`'s features.
  private static var method: DinomalyMethod {
    var c = DinomalySettings()
    (c.hidden, c.headWidth, c.decoder, c.feedforward) = (12, 6, 2, 2)
    (c.dropout, c.easySteps) = (0.1, 10)
    return DinomalyMethod(
      c,
      shape: DinomalyShape(
        channels: [SmallTraining.shape.channels], grid: SmallTraining.shape.grid, prefix: 0,
        taps: [0]))
  }

  private static func settings(epochs: Int) -> TrainingSettings {
    TrainingSettings(
      epochs: epochs, batch: 4, optimizer: .stableAdamW, learningRate: 1e-2, epsilon: 1e-10,
      amsgrad: true, clip: 0.1, warmup: 4, cosine: true, cosineFloor: 0.1, seed: 3, bf16: false)
  }

  private func train(
    _ data: TrainingData, epochs: Int, onDevice: Bool = false, checkpoint: String? = nil,
    stopAfter: Int? = nil
  ) throws -> TrainedNetwork? {
    try SmallTraining.train(
      data, settings: Self.settings(epochs: epochs), onDevice: onDevice, method: Self.method,
      checkpoint: checkpoint, stopAfter: stopAfter)
  }

  @Test func theLossFalls() throws {
    try withTemporaryFolder { folder in
      let data = SmallTraining.data(try SmallTraining.store(in: folder))
      let network = try #require(try train(data, epochs: 30))
      let losses = network.history.epochs.map(\.training)
      #expect((losses.last ?? 1) < 0.7 * (losses.first ?? 0), "\(losses)")
      #expect(network.history.epochs.allSatisfy { $0.heldOut != nil })
    }
  }

  /// Within the steps over which the share of easy positions rises, and after them.
  @Test(arguments: [3, 9, 14], [false, true])
  func aResumedTrainingEndsInTheSameWeights(stopAfter: Int, onDevice: Bool) throws {
    try withTemporaryFolder { folder in
      let data = SmallTraining.data(try SmallTraining.store(in: folder))
      let whole = try #require(try train(data, epochs: 5, onDevice: onDevice))
      let checkpoint = folder.appendingPathComponent("checkpoint").path
      #expect(
        try train(
          data, epochs: 5, onDevice: onDevice, checkpoint: checkpoint, stopAfter: stopAfter) == nil)
      let resumed = try #require(
        try train(data, epochs: 5, onDevice: onDevice, checkpoint: checkpoint))
      #expect(resumed.values == whole.values)
      // The way in which a GPU trains comes to the same.
      let other = try #require(try train(data, epochs: 5, onDevice: !onDevice))
      for name in whole.names {
        let (a, b) = (try #require(whole.values[name]), try #require(other.values[name]))
        let worst = zip(a, b).reduce(Float(0)) { max($0, abs($1.0 - $1.1)) }
        #expect(worst < 1e-3, "\(name): \(worst)")
      }
    }
  }

  @Test func theShareOfEasyPositionsRises() {
    let mining = Mining(share: 0.9, factor: 0.1, steps: 1000)
    #expect(mining.share(at: 0) == 0 && mining.share(at: 500) == 0.45)
    #expect(mining.share(at: 1000) == 0.9 && mining.share(at: 5000) == 0.9)
    #expect(Mining(share: 0.9, factor: 0.1, steps: 0).share(at: 0) == 0.9)
  }

  /// The loss is 1 − cos of whole maps whatever is damped; the gradient at positions below the threshold is a
  /// tenth.
  @Test func theGradientOfEasyPositionsIsDamped() throws {
    let (batch, positions, channels) = (2, 10, 3)
    let shape = [batch, positions, channels]
    let target = try Generator(seed: 1).normal(shape)
    // Positions are the better rebuilt, the earlier they come.
    let noise = try Generator(seed: 2).normal(shape).floats()
    let values = try target.floats().enumerated().map { index, value in
      value + noise[index] * Float(index / channels % positions) / 5
    }
    func gradient(_ mining: Mining, step: Int) throws -> (loss: Float, gradient: [Float]) {
      let rebuilt = try Tensor(values, shape: shape)
      try rebuilt.requireGradient()
      let distance = WholeMapDistance(mining)
      try distance.begin(step: step)
      let loss = try distance(target, rebuilt)
      try loss.backward()
      return (try loss.item(), try #require(try rebuilt.gradient()).floats())
    }
    let plain = try gradient(Mining(share: 0.9, factor: 1, steps: 0), step: 0)
    let whole = try (0..<batch).map { picture -> Double in
      let range = picture * positions * channels..<(picture + 1) * positions * channels
      let (a, b) = (try target.floats()[range].map(Double.init), values[range].map(Double.init))
      func dot(_ a: [Double], _ b: [Double]) -> Double { zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } }
      return 1 - dot(a, b) / (dot(a, a) * dot(b, b)).squareRoot()
    }
    #expect(abs(Double(plain.loss) - whole.reduce(0, +) / 2) < 1e-6)

    // The hardest count in full, so many of 20: 20 · (1 − 0.9) is a little less than 2, and rounded down.
    let distances = try target.cosineDistance(Tensor(values, shape: shape)).floats()
    for (step, full) in [(0, 20), (500, 11), (1000, 1), (9000, 1)] {
      let damped = try gradient(Mining(share: 0.9, factor: 0.1, steps: 1000), step: step)
      #expect(damped.loss == plain.loss)
      let threshold = distances.sorted(by: >)[full - 1]
      for position in distances.indices {
        let factor: Float = distances[position] >= threshold ? 1 : 0.1
        for channel in 0..<channels {
          let place = position * channels + channel
          let expected = factor * plain.gradient[place]
          #expect(abs(damped.gradient[place] - expected) < 1e-6, "\(step), \(position)")
        }
      }
    }
  }

  /// RAS, by Dinomaly's loss and with its noise instead of jitter.
  @Test func otherMethodsLearnByItToo() throws {
    try withTemporaryFolder { folder in
      let data = SmallTraining.data(try SmallTraining.store(in: folder))
      var method = SmallTraining.method
      (method.settings.loss, method.settings.jitter) = (.cosine, 0)
      method.settings.bottleneckDropout = 0.1
      func losses() throws -> [Double] {
        let trainer = try Trainer(
          method, data: data, settings: SmallTraining.settings(epochs: 12), fingerprint: "f")
        guard case .finished(let network) = try trainer.run(checkpoint: nil) else { return [] }
        return network.history.epochs.map(\.training)
      }
      let found = try losses()
      #expect(found.count == 12 && (found.last ?? 1) < 0.7 * (found.first ?? 0), "\(found)")
      // 1 − cos lies within 0…2, and without dropout it is another training.
      #expect(found.allSatisfy { (0...2).contains($0) })
      method.settings.bottleneckDropout = 0
      #expect(try losses() != found)
    }
  }

  /// Held-out pictures have no step: their loss is the same whenever it is asked for.
  @Test func theLossItselfDoesNotDependOnTheStep() throws {
    let network = try Self.method.network(
      ParameterStore().initialized(by: Generator(seed: 1)))
    let shape = SmallTraining.shape
    let features = [
      try Generator(seed: 2).normal([3, shape.channels, shape.grid.height, shape.grid.width])
    ]
    let losses = try [0, 5, 100].map { step in
      try network.begin(step: step)
      return try network.loss(features, noise: nil).item()
    }
    #expect(Set(losses).count == 1 && network.isRecordable)
  }
}
