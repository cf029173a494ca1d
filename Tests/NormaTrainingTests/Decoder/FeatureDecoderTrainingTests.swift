import Foundation
import Networks
import NormaCore
import NormaTraining
import Testing
import Torch

struct FeatureDecoderTrainingTests {
  @Test func learnsToDrawWhatFeaturesSay() throws {
    try withTemporaryFolder { folder in
      let data = try SmallDecoding.data(in: folder)
      let history = try SmallDecoding.network(data, steps: 150).history
      let losses = history.epochs.map(\.training)
      #expect(losses.count == 10 && history.steps == 150)
      // Colours are between 0 and 1 at random: who knows nothing is off by a quarter.
      #expect(try #require(losses.last) < 0.3 * losses[0], "\(losses)")
      let heldOut = try #require(history.epochs.last?.heldOut)
      #expect(heldOut < 0.12, "pictures that it has not seen: \(heldOut)")
    }
  }

  @Test func isAsLongAsAsked() {
    for steps in [10, 25, 600] {
      let settings = FeatureDecoderConfiguration.settings(steps: steps, seed: 0)
      for pictures in [3, 100, 5000] {
        #expect(abs(settings.steps(pictures: pictures) - steps) < 10)
      }
    }
  }

  @Test func theSeedDecides() throws {
    try withTemporaryFolder { folder in
      let data = try SmallDecoding.data(in: folder)
      let first = try SmallDecoding.network(data, steps: 20)
      #expect(try SmallDecoding.network(data, steps: 20).values == first.values)
      #expect(try SmallDecoding.network(data, steps: 20, seed: 4).values != first.values)
    }
  }

  @Test func goesOnWhereItStopped() throws {
    try withTemporaryFolder { folder in
      let data = try SmallDecoding.data(in: folder)
      let whole = try SmallDecoding.network(data, steps: 20)
      let checkpoint = folder.appendingPathComponent("checkpoint").path
      func trainer() throws -> Trainer {
        try Trainer(
          SmallDecoding.configuration, data: data, settings: SmallDecoding.settings(steps: 20),
          fingerprint: "f")
      }
      var asked = 0
      let stopped = try trainer().run(checkpoint: checkpoint) {
        asked += 1
        return asked > 7
      }
      guard case .interrupted = stopped else { throw CancellationError() }
      let second = try trainer()
      #expect(try second.resume(from: checkpoint))
      guard case .finished(let network) = try second.run(checkpoint: nil) else {
        throw CancellationError()
      }
      #expect(network.values == whole.values)
    }
  }
}

/// Pictures of two colours side by side, and features that say which: what a decoder can learn in
/// seconds.
enum SmallDecoding {
  static let shape = FeatureShape(channels: 6, grid: Grid(height: 4, width: 4))

  static let configuration = FeatureDecoderConfiguration(
    levels: [.init(channels: shape.channels, grid: shape.grid)], imageSize: 16)

  /// A dozen to train on and four held out.
  static func data(in folder: URL) throws -> TrainingData {
    let (count, side) = (16, configuration.size.width)
    let features = try FeatureStoreWriter(
      path: folder.appendingPathComponent("features").path, key: "k", shapes: [shape],
      count: count)
    let pictures = try FeatureStoreWriter(
      path: folder.appendingPathComponent("pictures").path, key: "k",
      shapes: [FeatureShape(channels: 3, grid: configuration.size)], count: count)
    for number in 0..<count {
      var generator = SeededGenerator(seed: UInt64(number))
      let colours = (0..<6).map { _ in Float(generator.uniform()) }
      func colour(_ channel: Int, _ x: Int, of width: Int) -> Float {
        colours[2 * x < width ? channel : channel + 3]
      }
      // Three channels are the colours at their place, on scales of their own; the others are noise.
      try (0..<shape.count).map { index in
        let (channel, x) = (index / shape.grid.count, index % shape.grid.width)
        return channel < 3
          ? 7 + 3 * colour(channel, x, of: shape.grid.width) : Float(generator.normal())
      }.withUnsafeBufferPointer { try features.append($0) }
      try (0..<3 * side * side).map { index in
        colour(index / (side * side), index % side, of: side)
      }.withUnsafeBufferPointer { try pictures.append($0) }
    }
    let store = try features.finish()
    return TrainingData(
      store: store, training: Array(4..<count), heldOut: Array(0..<4),
      standardization: store.standardization(of: Array(4..<count)), targets: try pictures.finish())
  }

  static func settings(steps: Int, seed: UInt64 = 3) -> TrainingSettings {
    var settings = FeatureDecoderConfiguration.settings(steps: steps, seed: seed)
    settings.bf16 = false
    return settings
  }

  static func network(
    _ data: TrainingData, steps: Int, seed: UInt64 = 3
  ) throws -> TrainedNetwork {
    let trainer = try Trainer(
      configuration, data: data, settings: settings(steps: steps, seed: seed), fingerprint: "f")
    guard case .finished(let network) = try trainer.run(checkpoint: nil) else {
      throw CancellationError()
    }
    return network
  }

  /// A decoder that has learned next to nothing.
  static func decoder(
    _ data: TrainingData, standardization: [Standardization]?
  ) throws -> TrainedDecoder {
    TrainedDecoder(
      try network(data, steps: 10), configuration: configuration,
      standardization: standardization)
  }
}
