import Foundation
import ONNX

/// A graph that does by hand what an exported model does: the anomaly map is the red channel, the
/// score the map's maximum, the feature the mean colour; all divided by 255 and times `scale`. Where
/// asked for, it perceives, too: it is as suspicious as the blue channel's maximum, as unsure as half of
/// that channel says, and a token of a 2×2 grid is anomalous with the probability of its mean red.
enum TinyGraph {
  static func model(
    size: Int, scale: Float = 1, leavingOut: String? = nil, perceives: Bool = false
  ) throws -> Data {
    let graph = Graph(name: "tiny")
    let pictures = try graph.input("pictures", shape: [-1, size, size, 3], type: .uint8)
    let colours = try pictures.toFloat() * pictures.constant([scale / 255], shape: [1])
    let map = try colours.sliced(axis: 3, 0..<1).reshaped([-1, size, size])
    var outputs = [
      ("anomaly_map", map),
      ("score", try map.maximum(axes: [1, 2]).reshaped([-1])),
      ("feature", try colours.mean(axes: [1, 2]).reshaped([-1, 3])),
    ]
    if perceives {
      let blue = try colours.sliced(axis: 3, 2..<3).reshaped([-1, size, size])
      let half = size / 2
      let means = try map.reshaped([-1, 2, half, 2, half]).mean(axes: [2, 4])
      outputs += [
        ("suspicion", try blue.maximum(axes: [1, 2]).reshaped([-1])),
        ("probability", try means.reshaped([-1, 2, 2])),
        ("uncertainty_map", try blue.affine(scale: 0.5, offset: 0)),
      ]
    }
    for (name, node) in outputs where name != leavingOut {
      try graph.output(node, name: name)
    }
    return try graph.model()
  }
}
