import Foundation
import ONNX

/// A graph that does by hand what an exported model does: the anomaly map is the red channel, the
/// score the map's maximum, the feature the mean colour; all divided by 255 and times `scale`.
enum TinyGraph {
  static func model(size: Int, scale: Float = 1, leavingOut: String? = nil) throws -> Data {
    let graph = Graph(name: "tiny")
    let pictures = try graph.input("pictures", shape: [-1, size, size, 3], type: .uint8)
    let colours = try pictures.toFloat() * pictures.constant([scale / 255], shape: [1])
    let map = try colours.sliced(axis: 3, 0..<1).reshaped([-1, size, size])
    let outputs = [
      ("anomaly_map", map),
      ("score", try map.maximum(axes: [1, 2]).reshaped([-1])),
      ("feature", try colours.mean(axes: [1, 2]).reshaped([-1, 3])),
    ]
    for (name, node) in outputs where name != leavingOut { try graph.output(node, name: name) }
    return try graph.model()
  }
}
