import Networks
import NormaCore
import Torch

/// A method that is trained down a loss: one file here, one in `Networks`, one recipe.
public protocol TrainingMethod: LearningMethod, Trainable {}

/// A network that learns.
public protocol TrainingNetwork {
  /// The loss of a batch, a single number.
  ///
  /// - Parameters:
  ///   - features: one map `[batch, C, h, w]` for each level of the method; where the data have
  ///     textured twins (`TrainingData.lesson`), as many of those after them.
  ///   - noise: where the training's jitter is drawn from; nil while validating, which has none.
  func loss(_ features: [Tensor], noise: Generator?) throws -> Tensor

  /// The parts of the loss that each take an optimiser step of their own, in this order; in a step,
  /// parameters that its part does not reach have a gradient of zero. One part, the loss, for most.
  func losses(_ features: [Tensor], noise: Generator?) throws -> [Tensor]

  /// Whether the loss is computed without looking at any value on the way, so that a card can record
  /// it. True unless said otherwise.
  var isRecordable: Bool { get }
}

extension TrainingNetwork {
  public var isRecordable: Bool { true }

  func losses(_ features: [Tensor], noise: Generator?) throws -> [Tensor] {
    [try loss(features, noise: noise)]
  }
}
