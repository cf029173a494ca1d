import Norma
import NormaCore
import NormaFiles
import ONNX
import OpenVINO

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
