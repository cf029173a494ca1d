import Foundation
import Norma
import NormaCore
import NormaFiles
import ONNX
import OpenVINO

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

/// Watches a model's activations while it inspects normal pictures, and finds how each is best stored
/// as 8-bit integers.
struct ActivationObserver {
  private let activations: [String]
  private let request: InferRequest
  private let imageSize: Int
  private var statistics: [String: ActivationStatistics]

  /// Compiles the model with its activations as further outputs.
  init(_ quantizer: Quantizer, imageSize: Int) throws {
    activations = quantizer.activations
    statistics = quantizer.statistics()
    self.imageSize = imageSize
    // One inference at a time, and no copy of a graph in the cache that nobody asks for again.
    request = try Core().compile(
      onnx: quantizer.observed(), options: CompileOptions(precision: .f32, hint: .latency, batch: 1)
    ).makeRequest()
  }

  /// - Parameter name: the picture's, for errors.
  /// - Throws: `FileProblem` when an activation is not a finite number.
  mutating func observe(_ picture: Picture, name: String) throws {
    try request.setInput(GraphPort.pictures, picture.rgb, shape: [1, imageSize, imageSize, 3])
    try request.infer()
    for activation in activations {
      do {
        try request.withOutput(activation) { values, shape in
          try statistics[activation]?.add(values, shape: shape)
        }
      } catch let error as GraphError {
        throw FileProblem(path: name, reason: "the model's '\(activation)' of it: \(error)")
      }
    }
  }

  /// By activation; those that are better left as they are have none.
  var quantizations: [String: ActivationQuantization] {
    statistics.compactMapValues(\.quantization)
  }
}
