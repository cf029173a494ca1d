import Foundation
import NormaCore
import NormaFiles
import NormaTraining
import Testing

struct TrainerTests {
  private func train(
    _ data: TrainingData, settings: TrainingSettings = SmallTraining.settings(),
    fingerprint: String = "f", checkpoint: String? = nil, stopAfter: Int? = nil
  ) throws -> Trainer.Outcome {
    let trainer = try Trainer(
      SmallTraining.method, data: data, settings: settings, fingerprint: fingerprint)
    if let checkpoint { _ = try trainer.resume(from: checkpoint) }
    var steps = 0
    return try trainer.run(
      checkpoint: checkpoint, checkpointSeconds: 0,
      shouldStop: { stopAfter.map { steps >= $0 } ?? false }, report: { _ in steps += 1 })
  }

  private func finished(_ outcome: Trainer.Outcome) throws -> TrainedNetwork {
    guard case .finished(let network) = outcome else {
      throw TestFailure("the training did not finish")
    }
    return network
  }

  struct TestFailure: Error {
    let text: String
    init(_ text: String) { self.text = text }
  }

  /// A full disk is not the training's end: it is told, and the weights are the same.
  @Test func aCheckpointThatCannotBeWrittenIsAWarning() throws {
    try withTemporaryFolder { folder in
      let data = SmallTraining.data(try SmallTraining.store(in: folder))
      let trainer = try Trainer(
        SmallTraining.method, data: data, settings: SmallTraining.settings(), fingerprint: "f")
      let missing = folder.appendingPathComponent("gone/checkpoint").path
      let outcome = try trainer.run(checkpoint: missing, checkpointSeconds: 0)
      let expected = try finished(train(data))
      #expect(try finished(outcome).values == expected.values)
      #expect(trainer.warnings.count == 1)
      #expect(trainer.warnings.first?.contains("could not be kept, and goes on") == true)
      // Who stops it is told that nothing is kept.
      #expect(throws: FileProblem.self) {
        try Trainer(
          SmallTraining.method, data: data, settings: SmallTraining.settings(), fingerprint: "f"
        ).run(checkpoint: missing, shouldStop: { true })
      }
    }
  }

  @Test func theLossFallsAndTheSeedDecides() throws {
    try withTemporaryFolder { folder in
      let data = SmallTraining.data(try SmallTraining.store(in: folder))
      let first = try finished(train(data, settings: SmallTraining.settings(epochs: 12)))
      let losses = first.history.epochs.map(\.training)
      #expect(losses.count == 12 && (losses.last ?? 1) < 0.7 * (losses.first ?? 0))
      #expect(first.history.epochs.allSatisfy { $0.heldOut != nil })
      #expect(first.history.kept == 11)
      let again = try finished(train(data, settings: SmallTraining.settings(epochs: 12)))
      #expect(again.values == first.values)
      let other = try finished(train(data, settings: SmallTraining.settings(epochs: 12, seed: 4)))
      #expect(other.values != first.values)
    }
  }

  @Test func theRateFallsAfterItsEpochs() {
    var settings = TrainingSettings(epochs: 10, batch: 4, learningRate: 1, warmup: 4)
    settings.decay = [RateDrop(epoch: 3, factor: 0.1), RateDrop(epoch: 5, factor: 0.5)]
    #expect(settings.rate(at: 0, epoch: 0, progress: 0.9) == 0.25)
    #expect(settings.rate(at: 30, epoch: 2, progress: 0.9) == 1)
    #expect(settings.rate(at: 40, epoch: 3, progress: 0.9) == 0.1)
    #expect(settings.rate(at: 70, epoch: 5, progress: 0.9) == 0.05)
  }

  @Test func theRateFallsToNothingAlongACosine() {
    var settings = TrainingSettings(epochs: 10, batch: 4, learningRate: 2, warmup: 4)
    settings.cosine = true
    #expect(settings.rate(at: 0, epoch: 0, progress: 0) == 0.5)
    #expect(abs(settings.rate(at: 30, epoch: 2, progress: 0.5) - 1) < 1e-12)
    #expect(abs(settings.rate(at: 40, epoch: 3, progress: 0.75) - (1 - 0.5.squareRoot())) < 1e-12)
    #expect(settings.rate(at: 70, epoch: 5, progress: 1) < 1e-12)
    #expect(settings.rate(at: 70, epoch: 5, progress: 1.5) < 1e-12)
  }

  @Test(arguments: [false, true])
  func aTimeLimitEndsTheTrainingWithWhatItReached(processor: Bool) throws {
    try withTemporaryFolder { folder in
      let data = SmallTraining.data(try SmallTraining.store(in: folder))
      var settings = SmallTraining.settings(epochs: 100_000)
      settings.minutes = 0.3 / 60
      settings.countsProcessorTime = processor
      settings.cosine = true
      let checkpoint = folder.appendingPathComponent("checkpoint").path
      let network = try finished(train(data, settings: settings, checkpoint: checkpoint))
      let epochs = network.history.epochs.count
      #expect(epochs > 0 && epochs < 100_000)
      let steps = try #require(network.history.steps)
      #expect(steps > (epochs - 1) * 4 && steps <= epochs * 4)
      // Its time is up: what is resumed goes no further.
      let again = try finished(train(data, settings: settings, checkpoint: checkpoint))
      #expect(again.values == network.values && again.history == network.history)
    }
  }

  @Test(arguments: [1, 4, 5, 9, 15])
  func aResumedTrainingEndsInTheSameWeights(stopAfter: Int) throws {
    try withTemporaryFolder { folder in
      let data = SmallTraining.data(try SmallTraining.store(in: folder))
      let whole = try finished(train(data))
      let checkpoint = folder.appendingPathComponent("checkpoint").path
      guard case .interrupted = try train(data, checkpoint: checkpoint, stopAfter: stopAfter) else {
        throw TestFailure("the training was not interrupted")
      }
      let resumed = try finished(train(data, checkpoint: checkpoint))
      #expect(resumed.values == whole.values)
      #expect(resumed.history.epochs.map(\.training) == whole.history.epochs.map(\.training))
      #expect(resumed.history.epochs.map(\.heldOut) == whole.history.epochs.map(\.heldOut))
    }
  }

  @Test func theBestEpochIsKeptWhenAskedFor() throws {
    try withTemporaryFolder { folder in
      let data = SmallTraining.data(try SmallTraining.store(in: folder))
      // A rate that makes the held-out loss jump about; the first seed whose last epoch is not its best.
      var settings = SmallTraining.settings(epochs: 8)
      settings.learningRate = 0.2
      settings.keep = .best
      var found: (network: TrainedNetwork, best: Int)?
      for seed in 0..<20 where found == nil {
        settings.seed = UInt64(seed)
        let network = try finished(train(data, settings: settings))
        let heldOut = try network.history.epochs.map { try #require($0.heldOut) }
        let best = try #require(heldOut.indices.min { heldOut[$0] < heldOut[$1] })
        if best < heldOut.count - 1 { found = (network, best) }
      }
      let (kept, best) = try #require(found)
      #expect(kept.history.kept == best)
      settings.epochs = best + 1
      #expect(try finished(train(data, settings: settings)).values == kept.values)
      // The best so far survives an interruption.
      settings.epochs = 8
      let checkpoint = folder.appendingPathComponent("checkpoint").path
      _ = try train(data, settings: settings, checkpoint: checkpoint, stopAfter: 4 * (best + 1) + 1)
      let resumed = try finished(train(data, settings: settings, checkpoint: checkpoint))
      #expect(resumed.values == kept.values && resumed.history.kept == best)
    }
  }

  @Test func aCheckpointOfAnotherTrainingIsRefused() throws {
    try withTemporaryFolder { folder in
      let data = SmallTraining.data(try SmallTraining.store(in: folder))
      let checkpoint = folder.appendingPathComponent("checkpoint").path
      _ = try train(data, checkpoint: checkpoint, stopAfter: 2)
      let error = #expect(throws: TrainerError.self) {
        try train(data, fingerprint: "another", checkpoint: checkpoint)
      }
      #expect(error?.description.contains("--force") == true)
    }
  }

  @Test func aLossThatIsNotANumberStopsTheTraining() throws {
    try withTemporaryFolder { folder in
      let writer = try FeatureStoreWriter(
        path: folder.appendingPathComponent("f").path, key: "k", shapes: [SmallTraining.shape],
        count: 2)
      let broken = [Float](repeating: .nan, count: SmallTraining.shape.count)
      for _ in 0..<2 { try broken.withUnsafeBufferPointer { try writer.append($0) } }
      let data = SmallTraining.data(try writer.finish(), heldOut: 0)
      let error = #expect(throws: TrainerError.self) { try train(data) }
      #expect(error?.description.contains("nan") == true)
    }
  }

  @Test func heldOutBatchesMixTheCategories() throws {
    try withTemporaryFolder { folder in
      let store = try SmallTraining.store(in: folder, features: SmallTraining.features(22))
      let data = TrainingData(
        store: store, training: [0, 1], heldOut: Array(2..<22), standardization: nil)
      let batches = data.heldOutBatches(of: 8)
      #expect(batches.map(\.count) == [8, 8, 4] && batches == data.heldOutBatches(of: 8))
      #expect(batches.flatMap { $0 }.sorted() == data.heldOut)
      // Category by category eight would lie side by side.
      #expect(batches.prefix(2).allSatisfy { ($0.max() ?? 0) - ($0.min() ?? 0) > 8 }, "\(batches)")
    }
  }

  @Test func crossFittingMeasuresWhatAPictureOfItsOwnCosts() throws {
    try withTemporaryFolder { folder in
      // Picture 5 is unlike the others: only a network that saw it can rebuild it.
      var features = SmallTraining.features(22)
      var other = SeededGenerator(seed: 77)
      features[5] = features[5].map { _ in 2 * Float(other.normal()) }
      let store = try SmallTraining.store(in: folder, features: features)
      let data = SmallTraining.data(store, heldOut: 0)
      let samples = (0..<store.count).map {
        Sample(
          path: String(format: "/p/%03d.png", $0), category: $0 < 21 ? "a" : "b", split: .train,
          label: .normal, mask: nil)
      }
      let fit = CrossFit(
        folds: 3, method: SmallTraining.method, data: data,
        settings: SmallTraining.settings(epochs: 40), imageSize: 32)
      let gaps = try #require(
        try fit.gaps(samples: samples, shouldStop: { false }, report: { _, _ in }))
      #expect(gaps.count == 22)
      // The only picture of its category is in every training: no fold can spare it.
      let others = gaps.dropLast()
      for gap in [\CrossFit.Gap.score, \.peak] {
        let mean = others.reduce(0) { $0 + $1[keyPath: gap] } / Double(others.count)
        #expect(abs(gaps[21][keyPath: gap] - mean) < 1e-9)
      }
      #expect(gaps[5].score > 1.05 && gaps[5].peak > 1.05, "\(gaps[5])")
      let usual = gaps.indices.filter { $0 != 5 && $0 != 21 }.map { gaps[$0].score }
      #expect(usual.allSatisfy { $0 < gaps[5].score }, "\(gaps)")
      let mean = usual.reduce(0, +) / Double(usual.count)
      #expect(mean > 0.8 && mean < 1.5, "\(mean)")
      #expect(try fit.gaps(samples: samples, shouldStop: { true }, report: { _, _ in }) == nil)
    }
  }
}
