import Foundation
import ONNX

/// A graph that does by hand what an exported model does: the anomaly map is the red channel, the
/// score the map's maximum, the feature the mean colour; all divided by 255 and times `scale`. Where
/// asked for, it is as unsure as half of the blue channel says, and in all by its maximum, and a token
/// of a 2×2 grid is anomalous with the probability of its mean red.
enum TinyGraph {
  static func model(
    size: Int, scale: Float = 1, leavingOut: String? = nil, knowsUncertainty: Bool = false,
    perceives: Bool = false
  ) throws -> Data {
    let graph = Graph(name: "tiny")
    let pictures = try graph.input("pictures", shape: [-1, size, size, 3], type: .uint8)
    let colours = try pictures.toFloat() * pictures.constant([scale / 255], shape: [1])
    let map = try colours.sliced(axis: 3, 0..<1).reshaped([-1, size, size])
    let doubt = try colours.sliced(axis: 3, 2..<3).reshaped([-1, size, size])
      .affine(scale: 0.5, offset: 0)
    let doubts = [
      ("uncertainty_map", doubt),
      ("uncertainty", try doubt.maximum(axes: [1, 2]).reshaped([-1])),
    ]
    let outputs = [
      ("anomaly_map", map),
      ("score", try map.maximum(axes: [1, 2]).reshaped([-1])),
      ("feature", try colours.mean(axes: [1, 2]).reshaped([-1, 3])),
    ]
    var further = knowsUncertainty ? doubts : []
    if perceives {
      let half = size / 2
      let means = try map.reshaped([-1, 2, half, 2, half]).mean(axes: [2, 4])
      further.append(("probability", try means.reshaped([-1, 2, 2])))
    }
    for (name, node) in outputs + further where name != leavingOut {
      try graph.output(node, name: name)
    }
    return try graph.model()
  }
}
