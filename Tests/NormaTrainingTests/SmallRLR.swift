import Foundation
import Networks
import NormaCore
import NormaTraining

/// RLR of two levels, small enough for a test, on features made up from a seed.
enum SmallRLR {
  static let shapes = [
    FeatureShape(channels: 6, grid: Grid(height: 8, width: 8)),
    FeatureShape(channels: 10, grid: Grid(height: 4, width: 4)),
  ]

  static var method: RLRMethod {
    var c = RLRSettings()
    (c.heads, c.layers) = (2, 2)
    return RLRMethod(
      c,
      levels: [
        RLRLevelShape(channels: 6, grid: shapes[0].grid, hidden: 16, window: 5),
        RLRLevelShape(channels: 10, grid: shapes[1].grid, hidden: 32, window: 3),
      ])
  }

  static func data(in folder: URL, count: Int = 12, heldOut: Int = 0) throws -> TrainingData {
    let writer = try FeatureStoreWriter(
      path: folder.appendingPathComponent("levels").path, key: "k", shapes: shapes, count: count)
    var pattern = SeededGenerator(seed: 1)
    let size = shapes.reduce(0) { $0 + $1.count }
    let base = (0..<size).map { _ in Float(pattern.normal()) }
    for picture in 0..<count {
      var noise = SeededGenerator(seed: UInt64(100 + picture))
      let values = base.map { $0 + 0.1 * Float(noise.normal()) }
      try values.withUnsafeBufferPointer { try writer.append($0) }
    }
    let store = try writer.finish()
    let training = Array(heldOut..<count)
    let standardization = shapes.indices.map { level in
      let statistics = store.statistics(level: level, of: training)
      return Standardization(mean: statistics.mean, deviation: statistics.deviation)
    }
    return TrainingData(
      store: store, training: training, heldOut: Array(0..<heldOut),
      standardization: standardization)
  }

  static func settings(epochs: Int, rate: Double = 3e-3) -> TrainingSettings {
    TrainingSettings(
      epochs: epochs, batch: 4, optimizer: .adam, learningRate: rate, weightDecay: 0, clip: 0,
      seed: 3, bf16: false)
  }
}
