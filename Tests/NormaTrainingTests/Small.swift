import Foundation
import Networks
import NormaCore
import NormaTraining
import TestSupport
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
    return RASMethod(c, shape: map, score: .maximum(pooling: 4))
  }

  static func settings(epochs: Int = 4, seed: UInt64 = 3) -> TrainingSettings {
    TrainingSettings(
      epochs: epochs, batch: 4, learningRate: 3e-3, clip: 1, seed: seed, bf16: false)
  }

  /// A training to its end; nil when it was stopped.
  static func train(
    _ data: TrainingData, settings: TrainingSettings, onDevice: Bool,
    method: any TrainingMethod = Self.method, checkpoint: String? = nil,
    stopAfter: Int? = nil
  ) throws -> TrainedNetwork? {
    let trainer = try Trainer(
      method, data: data, settings: settings, fingerprint: "f",
      stepsOnDevice: onDevice)
    if let checkpoint { _ = try trainer.resume(from: checkpoint) }
    var steps = 0
    let outcome = try trainer.run(
      checkpoint: checkpoint, checkpointSeconds: 0,
      shouldStop: { stopAfter.map { steps >= $0 } ?? false }, report: { _ in steps += 1 })
    guard case .finished(let network) = outcome else { return nil }
    return network
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
  let folder = try TemporaryFolder()
  return try withExtendedLifetime(folder) { try body(folder.url) }
}

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

/// Fits of methods that are not trained, on the features of `SmallTraining`.
enum SmallFit {
  static let shape = SmallTraining.shape
  static let grid = SmallTraining.shape.grid

  static var patchCore: PatchCoreMethod {
    var c = PatchCoreSettings()
    (c.share, c.projection) = (0.25, 4)
    return PatchCoreMethod(c, shape: SmallTraining.map, score: .maximum(pooling: 1))
  }

  static var padim: PaDiMMethod {
    PaDiMMethod(selected: [0, 2, 3, 5], grid: grid, score: .maximum(pooling: 1))
  }

  static func fitted(
    _ method: any FittedMethod, _ data: TrainingData, seed: UInt64 = 3
  ) throws -> TrainedNetwork {
    let outcome = try Fitter(method, data: data, seed: seed).train(
      checkpoint: nil, checkpointSeconds: 0, shouldStop: { false }, report: { _ in })
    guard case .finished(let network) = outcome else {
      throw TrainerTests.TestFailure("the fit did not finish")
    }
    return network
  }

  /// The token-grid map of each picture of the store.
  static func maps(
    _ method: any AnomalyMethod, _ network: TrainedNetwork, _ data: TrainingData
  ) throws -> [[Float]] {
    let found = try method.detect(
      data.batch(Array(0..<data.store.count)), size: grid,
      parameters: Parameters(constants: network.weights))
    let values = try found.map.floats()
    // With the picture as large as the grid nothing is interpolated, and the score is the largest.
    let maps = (0..<data.store.count).map {
      Array(values[$0 * grid.count..<($0 + 1) * grid.count])
    }
    guard try found.score.floats() == maps.map({ $0.max() ?? 0 }) else {
      throw TrainerTests.TestFailure("the score is not the map's maximum")
    }
    return maps
  }

  /// Each picture's patches, in double precision.
  static func patches(_ data: TrainingData) throws -> [[[Double]]] {
    let (count, channels) = (grid.count, shape.channels)
    let values = try data.batch(Array(0..<data.store.count))[0].floats().map(Double.init)
    return (0..<data.store.count).map { picture in
      (0..<count).map { position in
        (0..<channels).map { values[(picture * channels + $0) * count + position] }
      }
    }
  }

  static func squaredDistance(_ a: [Double], _ b: [Double]) -> Double {
    zip(a, b).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
  }
}
