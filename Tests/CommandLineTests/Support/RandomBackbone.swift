import Foundation
import Networks
import NormaCore
import NormaFiles

/// EfficientNet-Lite0 up to stride 16 with random weights: features of no meaning, but of the right
/// shapes, and different for pictures that look different.
enum RandomBackbone {
  static func tensors(seed: UInt64 = 1) -> [String: WeightTensor] {
    guard let specification = EfficientNetSpecification.named("efficientnet-lite0") else {
      return [:]
    }
    var generator = SeededGenerator(seed: seed)
    let shapes = specification.parameterShapes(throughBlock: 10)
    var tensors: [String: WeightTensor] = [:]
    for (name, shape) in shapes.sorted(by: { $0.key < $1.key }) {
      // Kaiming's deviation keeps the features' size from layer to layer; biases are small.
      let inputs = shape.dropFirst().reduce(1, *)
      let deviation = shape.count == 4 ? (2 / Double(inputs)).squareRoot() : 0.05
      tensors[name] = WeightTensor(
        shape: shape,
        values: (0..<shape.reduce(1, *)).map { _ in Float(generator.normal() * deviation) })
    }
    return tensors
  }

  static func safetensors(seed: UInt64 = 1) throws -> Data {
    try SafeTensors.write(tensors(seed: seed))
  }
}
