import Networks
import TestSupport
import Torch

extension CostRow.Form {
  /// Rebuilds every level's features. Both forms ask for the same parameters, by the same names.
  func reconstruction<V: Value>(
    _ configuration: RLRConfiguration, _ parameters: Parameters<V>
  ) throws -> ([V]) throws -> [V] {
    // Norma's names come first, so that both forms begin with the same values.
    let network = try RLR(configuration, parameters)
    switch self {
    case .norma: return { try network.reconstructions($0) }
    case .naive:
      let levels = try configuration.levels.indices.map {
        try NaiveRLR(configuration, level: $0, parameters)
      }
      return { features in
        try zip(levels, features).map { try $0.reconstruction($1) }
      }
    }
  }
}

extension RLRConfiguration.Level {
  /// Of one picture's features, `[C, H, W]`.
  var mapShape: [Int] { [channels, grid.height, grid.width] }
}
