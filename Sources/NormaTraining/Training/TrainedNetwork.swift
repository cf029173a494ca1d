import Networks
import NormaCore
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

  /// As constants of LibTorch.
  public func parameters() throws -> Parameters<Tensor> {
    let tensors = try weights.mapValues { try Tensor($0.values, shape: $0.shape) }
    return Parameters { name, shape, _ in
      guard let tensor = tensors[name], tensor.shape == shape else {
        throw TrainerError("the trained network has no parameter \(name) of shape \(shape)")
      }
      return tensor
    }
  }
}
