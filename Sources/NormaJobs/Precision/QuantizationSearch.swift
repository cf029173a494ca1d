import Foundation
import Norma
import NormaCore
import ONNX

/// Finds how much of a model can compute in integers. What the first convolutions get wrong goes
/// through the whole network, and they see the widest range of values; so as many of them stay in
/// floating point, from the first on, as it takes for the anomaly maps to stay what they are: two or
/// three. (RAS with EfficientNet-B4: the maps of test pictures are 12 % off with one left, 4 % with
/// two; with Lite0 14 and 10 %. All other convolutions together matter less than the first two.)
enum QuantizationSearch {
  /// The maps' deviation that is good enough, wherever floating point alone is not further off.
  static let enough = 0.1
  /// How many convolutions are left at most.
  static let mostLeft = 8

  struct Found {
    var graph: Data
    var convolutionsLeft: Int
    var comparison: PrecisionComparison
  }

  /// - Parameters:
  ///   - original: the graph that `quantizer` reads.
  ///   - compare: how far a graph's results, in the arithmetic of an int8 model, are from the model's.
  /// - Returns: the first graph that is good enough, else the best.
  static func search(
    _ quantizer: Quantizer, _ original: Data, _ activations: [String: ActivationQuantization],
    compare: (Data) throws -> PrecisionComparison
  ) throws -> Found {
    let enough = max(enough, try compare(original).mapDeviation)
    func found(leaving count: Int) throws -> Found {
      let graph = try quantizer.quantized(activations, leavingConvolutions: count)
      return Found(graph: graph, convolutionsLeft: count, comparison: try compare(graph))
    }
    var best = try found(leaving: 0)
    for count in 1...mostLeft where best.comparison.mapDeviation > enough {
      let next = try found(leaving: count)
      if next.comparison.mapDeviation < best.comparison.mapDeviation { best = next }
    }
    return best
  }
}
