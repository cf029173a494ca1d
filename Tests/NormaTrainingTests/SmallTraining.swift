import Foundation
import Networks
import NormaCore
import NormaTraining
import Torch

/// A training small enough for a test: RAS on a 4×4 grid, on features made up from a seed.
enum SmallTraining {
  static let shape = FeatureShape(channels: 6, grid: Grid(height: 4, width: 4))

  /// What a network is made for.
  static var map: MapShape { MapShape(channels: shape.channels, grid: shape.grid) }

  static var method: RASMethod {
    var c = RASSettings()
    c.hidden = 16
    c.heads = 2
    c.feedforward = 16
    c.encoder = 1
    c.decoder = 2
    c.window = 3
    c.jitter = 2
    return RASMethod(c, shape: map, scorePooling: 4)
  }

  static func settings(epochs: Int = 4, seed: UInt64 = 3) -> TrainingSettings {
    TrainingSettings(
      epochs: epochs, batch: 4, learningRate: 3e-3, clip: 1, seed: seed, bf16: false)
  }

  /// Features of `count` pictures: one pattern, with noise of its own for each.
  static func features(_ count: Int) -> [[Float]] {
    var pattern = SeededGenerator(seed: 1)
    let base = (0..<shape.count).map { _ in Float(pattern.normal()) }
    return (0..<count).map { picture in
      var noise = SeededGenerator(seed: UInt64(100 + picture))
      return base.map { $0 + 0.1 * Float(noise.normal()) }
    }
  }

  static func store(in folder: URL, count: Int = 22) throws -> FeatureStore {
    try store(in: folder, features: features(count))
  }

  static func store(in folder: URL, features: [[Float]]) throws -> FeatureStore {
    let writer = try FeatureStoreWriter(
      path: folder.appendingPathComponent("features").path, key: "k", shapes: [shape],
      count: features.count)
    for values in features {
      try values.withUnsafeBufferPointer { try writer.append($0) }
    }
    return try writer.finish()
  }

  static func data(
    _ store: FeatureStore, heldOut: Int = 4, standardize: Bool = false
  ) -> TrainingData {
    let training = Array(heldOut..<store.count)
    let statistics = store.statistics(level: 0, of: training)
    return TrainingData(
      store: store, training: training, heldOut: Array(0..<heldOut),
      standardization: standardize
        ? [Standardization(mean: statistics.mean, deviation: statistics.deviation)] : nil)
  }
}

/// A folder of its own, removed afterwards.
func withTemporaryFolder<Result>(_ body: (URL) throws -> Result) throws -> Result {
  let folder = FileManager.default.temporaryDirectory
    .appendingPathComponent("norma-test-\(UUID().uuidString)")
  try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(at: folder) }
  return try body(folder)
}
