import Networks
import Torch

/// What a `Trainer` can bring down a loss: something that makes a network whose parameters are yet to
/// be found.
public protocol Trainable: Sendable {
  /// A network over tensors whose parameters come from `parameters`.
  func network(_ parameters: Parameters<Tensor>) throws -> any TrainingNetwork

  /// The same for a training on `pictures` pictures, by which some losses are weighed.
  func network(_ parameters: Parameters<Tensor>, pictures: Int) throws -> any TrainingNetwork

  /// What part of the learning rate the parameter of that name learns at. The whole unless said
  /// otherwise.
  func rateShare(of parameter: String) -> Double
}

extension Trainable {
  public func network(
    _ parameters: Parameters<Tensor>, pictures: Int
  ) throws -> any TrainingNetwork {
    try network(parameters)
  }

  public func rateShare(of parameter: String) -> Double { 1 }
}
