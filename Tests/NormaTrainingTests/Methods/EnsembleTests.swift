import Foundation
import Networks
import NormaCore
import NormaTraining
import Testing
import Torch

/// Two methods on two backbones as one, on features made up from a seed.
@Suite struct EnsembleTests {
  private static let text = """
    method: ensemble
    backbone:
      name: efficientnet-lite0
      imageSize: 64
      beside: [{name: efficientnet-lite1, taps: [2, 4]}]
    features: {standardize: false}
    ensemble:
      members:
        - method: ras
          ras: {hidden: 16, heads: 2, feedforward: 16, encoder: 1, decoder: 1, window: 3}
          training: {epochs: 2, learningRate: 1e-3}
        - {method: patchcore, backbone: 1, weight: 2, patchcore: {share: 0.05, projection: 4}}
    training: {epochs: 3, batch: 4, clip: 1, precision: f32, holdout: 0.25}

    """

  /// What is tried: a recipe, its method, and stores of features as its trunk gives them.
  private struct Bench {
    let recipe: Recipe
    let method: EnsembleMethod
    let store: FeatureStore

    init(_ text: String = EnsembleTests.text, in folder: URL, count: Int = 16) throws {
      recipe = try Recipe.parse(text)
      let trunk = try recipe.trunk()
      guard let method = try recipe.trainingMethod(trunk) as? EnsembleMethod else {
        throw TrainerTests.TestFailure("not an ensemble")
      }
      self.method = method
      store = FeatureStore(
        joining: try trunk.parts.enumerated().map { index, part in
          let shapes = part.outputs.map { FeatureShape(channels: $0.channels, grid: $0.grid) }
          let writer = try FeatureStoreWriter(
            path: folder.appendingPathComponent("features-\(index)").path, key: "k",
            shapes: shapes, count: count)
          var generator = SeededGenerator(seed: UInt64(1 + index))
          let pattern = (0..<shapes.reduce(0) { $0 + $1.count }).map { _ in
            Float(generator.normal())
          }
          for _ in 0..<count {
            let values = pattern.map { $0 + 0.1 * Float(generator.normal()) }
            try values.withUnsafeBufferPointer { try writer.append($0) }
          }
          return try writer.finish()
        })
    }

    var settings: TrainingSettings {
      get throws { try TrainingSettings(recipe.training) }
    }

    /// - Parameter heldOut: the first so many pictures are.
    func data(heldOut: Int = 4, part: Int? = nil) -> TrainingData {
      TrainingData(
        store: part.map { store.parts[$0] } ?? store, training: Array(heldOut..<store.count),
        heldOut: Array(0..<heldOut), standardization: nil)
    }

    func train(
      _ data: TrainingData, checkpoint: String? = nil, stopAt: Int? = nil
    ) throws -> TrainedNetwork? {
      let training = try method.training(on: data, settings: settings, fingerprint: "f")
      if let checkpoint { _ = try training.resumed(from: checkpoint) }
      var done = 0
      let outcome = try training.train(
        checkpoint: checkpoint, checkpointSeconds: 0,
        shouldStop: { stopAt.map { done >= $0 } ?? false },
        report: { done = $0.done })
      guard case .finished(let network) = outcome else { return nil }
      #expect(done == training.steps, "all steps were told")
      return network
    }
  }

  private func finished(_ training: any Training) throws -> TrainedNetwork {
    let outcome = try training.train(
      checkpoint: nil, checkpointSeconds: 0, shouldStop: { false }, report: { _ in })
    guard case .finished(let network) = outcome else {
      throw TrainerTests.TestFailure("the training did not finish")
    }
    return network
  }

  /// The parameters of member `index` under its own names.
  private func weights(_ network: TrainedNetwork, of index: Int) -> [String: [Float]] {
    let prefix = "members.\(index)."
    return Dictionary(
      uniqueKeysWithValues: network.values.filter { $0.key.hasPrefix(prefix) }
        .map { (String($0.key.dropFirst(prefix.count)), $0.value) })
  }

  @Test func eachMemberIsTrainedAsAlone() throws {
    try withTemporaryFolder { folder in
      let bench = try Bench(in: folder)
      let network = try #require(try bench.train(bench.data()))
      var settings = try bench.settings
      (settings.epochs, settings.learningRate) = (2, 1e-3)
      let ras = try #require(bench.method.members[0].method as? RASMethod)
      let alone = try finished(
        ras.training(on: bench.data(part: 0), settings: settings, fingerprint: "alone"))
      #expect(weights(network, of: 0) == alone.values)
      let bank = try #require(bench.method.members[1].method as? PatchCoreMethod)
      let fitted = try SmallFit.fitted(bank, bench.data(part: 1), seed: bench.settings.seed)
      #expect(weights(network, of: 1) == fitted.values)
      let histories = try #require(network.history.members)
      #expect(histories.map(\.title) == ["RAS", "PatchCore"])
      #expect(histories[0].losses.epochs.count == 2 && histories[1].losses.epochs.isEmpty)
      #expect(network.history.epochs.isEmpty && network.history.steps == 6)
    }
  }

  @Test(arguments: [EnsembleSettings.Score.map, .members])
  func theMapIsTheSumOfItsMembersMaps(score: EnsembleSettings.Score) throws {
    try withTemporaryFolder { folder in
      let text =
        score == .map
        ? Self.text
        : Self.text.replacingOccurrences(
          of: "ensemble:\n", with: "ensemble:\n  score: members\n")
      let bench = try Bench(text, in: folder)
      #expect(bench.method.score == score)
      let data = bench.data()
      let network = try #require(try bench.train(data))
      let features = try data.batch(data.heldOut)
      #expect(features.count == 2)
      try withoutGradient {
        let found = try bench.method.detect(
          features, size: bench.method.size,
          parameters: Parameters<Tensor>(constants: network.weights))
        var map = [Float](repeating: 0, count: 4 * 64 * 64)
        var sum = [Float](repeating: 0, count: 4)
        for (index, member) in bench.method.members.enumerated() {
          let own = try member.method.detect(
            [features[index]], size: bench.method.size,
            parameters: Parameters<Tensor>(constants: network.weights).scope("members.\(index)"))
          let values = try own.map.floats()
          let scale = try #require(network.values["scales.\(index).map"]?.first)
          // The held-out pictures are what the scale was measured on.
          let mean = values.reduce(0.0) { $0 + Double($1) } / Double(values.count)
          let variance =
            values.reduce(0.0) { $0 + (Double($1) - mean) * (Double($1) - mean) }
            / Double(values.count)
          #expect(abs(Double(scale) / variance.squareRoot() - 1) < 1e-3)
          let weight: Float = index == 1 ? 2 : 1
          for (place, value) in values.enumerated() { map[place] += weight * value / scale }
          let unit = try #require(network.values["scales.\(index).score"]?.first)
          for (place, value) in try own.score.floats().enumerated() {
            sum[place] += weight * value / unit
          }
        }
        for (one, other) in zip(try found.map.floats(), map) {
          #expect(abs(one - other) <= 1e-4 * max(1, abs(other)))
        }
        let ofMap = try PictureScore.maximum(pooling: 16)(Tensor(map, shape: [4, 64, 64])).floats()
        let expected = score == .members ? sum : ofMap
        for (one, other) in zip(try found.score.floats(), expected) {
          #expect(abs(one - other) <= 1e-3 * max(1, abs(other)))
        }
      }
    }
  }

  /// In the middle of the first member, at its end, in the fit and in the scales.
  @Test(arguments: [3, 6, 20, 10_000])
  func whatWasStoppedGoesOn(at step: Int) throws {
    try withTemporaryFolder { folder in
      let bench = try Bench(in: folder)
      let data = bench.data()
      let whole = try #require(try bench.train(data))
      let steps = try bench.method.training(
        on: data, settings: bench.settings, fingerprint: "f"
      ).steps
      let path = folder.appendingPathComponent("checkpoint").path
      let last = min(step, steps - 4)
      #expect(try bench.train(data, checkpoint: path, stopAt: last) == nil)
      #expect(FileManager.default.fileExists(atPath: path))
      let resumed = try #require(try bench.train(data, checkpoint: path))
      #expect(resumed.names == whole.names && resumed.values == whole.values)
      // Another training does not go on from it.
      let other = try bench.method.training(
        on: data, settings: bench.settings, fingerprint: "g")
      #expect(throws: TrainerError.self) { try other.resumed(from: path) }
    }
  }

  /// Where nothing is held out, a bank is measured on pictures that it was not made of: in those that it was
  /// made of it finds itself.
  @Test func scalesAreOfPicturesThatABankHasNotSeen() throws {
    try withTemporaryFolder { folder in
      let text = Self.text.replacingOccurrences(of: "share: 0.05", with: "share: 1")
        .replacingOccurrences(of: "holdout: 0.25", with: "holdout: 0")
      let bench = try Bench(text, in: folder)
      let data = bench.data(heldOut: 0)
      let network = try #require(try bench.train(data))
      let own = try withoutGradient {
        try bench.method.members[1].method.detect(
          [data.batch(data.training)[1]], size: bench.method.size,
          parameters: Parameters<Tensor>(constants: network.weights).scope("members.1")
        ).map.floats().max() ?? 1
      }
      let scale = try #require(network.values["scales.1.map"]?.first)
      #expect(scale > 0 && scale != 1 && own < 0.1, "the whole bank finds itself: \(own)")
    }
  }

  @Test func partsOfThePicturesAreTrainedOnWithTheSameScales() throws {
    try withTemporaryFolder { folder in
      let bench = try Bench(in: folder)
      let data = bench.data(heldOut: 0)
      let network = try #require(try bench.train(data))
      let method = bench.method.crossFitted(after: network)
      var settings = try bench.settings
      settings.epochs = 1
      let fold = try finished(
        method.training(on: data, settings: settings, fingerprint: "fold"))
      for name in network.names where name.hasPrefix("scales.") {
        #expect(fold.values[name] == network.values[name])
      }
      #expect(fold.history.members?[0].losses.epochs.count == 1, "short for all members")
      let samples = (0..<16).map {
        Sample(path: "/\($0).png", category: $0 % 2 == 0 ? "a" : "b", split: .train, label: .normal)
      }
      var told = 0
      let gaps = try CrossFit(
        folds: 2, method: method, data: data, settings: settings, imageSize: 64
      ).gaps(samples: samples, shouldStop: { false }) { told = $0 + $1.done }
      #expect(gaps?.count == 16 && told > 0)
      #expect(gaps?.allSatisfy { $0.score.isFinite && $0.score > 0 && $0.peak > 0 } == true)
    }
  }

  @Test func aStoreOfSeveralIsTheirListOfLevels() throws {
    try withTemporaryFolder { folder in
      let bench = try Bench(in: folder)
      let parts = bench.store.parts
      #expect(parts.count == 2 && bench.store.shapes == parts.flatMap(\.shapes))
      #expect(bench.store.meanFeature(of: 3) == parts.flatMap { $0.meanFeature(of: 3) })
      #expect(bench.store.details(of: 3) == parts.flatMap { $0.details(of: 3) })
      let (mean, _) = bench.store.statistics(level: 1, of: [1, 2])
      #expect(mean == parts[1].statistics(level: 0, of: [1, 2]).mean)
      #expect(bench.store.count == 16 && bench.store.usable.allSatisfy { $0 })
      let batch = try bench.store.batch([5, 2])
      #expect(try batch[1].floats() == parts[1].batch([5, 2])[0].floats())
    }
  }
}
