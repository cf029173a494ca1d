import Networks
import TestSupport
import Torch

extension CostRow.Form {
  /// Rebuilds every level's features. Both forms ask for the same parameters, by the same names.
  func reconstruction<V: Value>(
    _ levels: [RLRLevelShape], _ parameters: Parameters<V>
  ) throws -> ([V]) throws -> [V] {
    // Norma's names come first, so that both forms begin with the same values.
    let settings = RLRSettings()
    let network = try RLR(settings, levels: levels, parameters)
    switch self {
    case .norma: return { try network.reconstructions($0) }
    case .naive:
      let naive = try levels.enumerated().map { index, level in
        try NaiveRLR(settings, level, parameters.scope("\(index)"))
      }
      return { features in
        try zip(naive, features).map { try $0.reconstruction($1) }
      }
    }
  }
}

extension RLRLevelShape {
  /// Of one picture's features, `[C, H, W]`.
  var mapShape: [Int] { [channels, grid.height, grid.width] }
}
