import Foundation
import Networks
import NormaCore
import NormaTraining

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
