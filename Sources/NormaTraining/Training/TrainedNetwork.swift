import Networks
import NormaCore
import NormaFiles
import Torch

/// The result of a training: parameters by name, and how the losses went.
public struct TrainedNetwork: Sendable {
  /// In the order in which the network asks for them.
  public let names: [String]
  public let shapes: [String: [Int]]
  public let values: [String: [Float]]
  public let history: LossHistory

  public init(
    names: [String], shapes: [String: [Int]], values: [String: [Float]], history: LossHistory
  ) {
    self.names = names
    self.shapes = shapes
    self.values = values
    self.history = history
  }

  /// As they go into `weights.safetensors` and into a graph.
  public var weights: [String: WeightTensor] {
    values.reduce(into: [:]) { result, entry in
      result[entry.key] = WeightTensor(
        shape: shapes[entry.key] ?? [entry.value.count], values: entry.value)
    }
  }
}
