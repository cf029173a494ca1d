import Foundation
import Networks
import NormaCore
import NormaTraining
import Torch

/// Fits of methods that are not trained, on the features of `SmallTraining`.
enum SmallFit {
  static let shape = SmallTraining.shape
  static let grid = SmallTraining.shape.grid

  static var patchCore: PatchCoreMethod {
    var c = PatchCoreSettings()
    (c.share, c.projection) = (0.25, 4)
    return PatchCoreMethod(c, shape: SmallTraining.map, scorePooling: 1)
  }

  static var padim: PaDiMMethod {
    PaDiMMethod(selected: [0, 2, 3, 5], grid: grid, scorePooling: 1)
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
