import Networks
import NormaCore
import Torch

extension Recipe {
  /// The method, made for the maps of `trunk`, with the training that belongs to it.
  ///
  /// - Throws: when there is no such method, or the maps are not those that it takes.
  public func trainingMethod(_ trunk: Trunk) throws -> any LearningMethod {
    guard let made = try detectingMethod(trunk) as? any LearningMethod else {
      throw NetworkError(
        "\(title) has neither a loss nor a fit, so it cannot be trained; it needs a conformance to "
          + "TrainingMethod or FittedMethod")
    }
    return made
  }
}

/// A method that comes to its parameters by features of normal pictures: step by step down a loss
/// (`TrainingMethod`), or by reading them once or twice (`FittedMethod`).
public protocol LearningMethod: AnomalyMethod {
  /// A training on `data`, ready to run.
  ///
  /// - Parameter fingerprint: names pictures, recipe and backbone; a checkpoint of another is refused.
  func training(
    on data: TrainingData, settings: TrainingSettings, fingerprint: String
  ) throws -> any Training

  /// Steps of a training on `pictures` pictures.
  func steps(pictures: Int, settings: TrainingSettings) -> Int

  /// The method as it is trained again on parts of the pictures, for thresholds, after `network` was trained
  /// on all of them. Itself unless said otherwise.
  func crossFitted(after network: TrainedNetwork) -> any LearningMethod
}

extension LearningMethod {
  public func crossFitted(after network: TrainedNetwork) -> any LearningMethod { self }
}

extension TrainingMethod {
  public func training(
    on data: TrainingData, settings: TrainingSettings, fingerprint: String
  ) throws -> any Training {
    try Trainer(self, data: data, settings: settings, fingerprint: fingerprint)
  }

  public func steps(pictures: Int, settings: TrainingSettings) -> Int {
    settings.steps(pictures: pictures)
  }
}

/// A method that is trained down a loss: its conformance here, the method itself in `Networks`.
public protocol TrainingMethod: LearningMethod, Trainable {}

/// A network that learns.
public protocol TrainingNetwork {
  /// The loss of a batch, a single number.
  ///
  /// - Parameters:
  ///   - features: one map `[batch, C, h, w]` for each level of the method; where the data have
  ///     textured twins (`TrainingData.trainingBatch`), as many of those after them.
  ///   - noise: where the training's jitter is drawn from; nil while validating, which has none.
  func loss(_ features: [Tensor], noise: Generator?) throws -> Tensor

  /// The parts of the loss that each take an optimiser step of their own, in this order; in a step,
  /// parameters that its part does not reach have a gradient of zero. One part, the loss, for most.
  func losses(_ features: [Tensor], noise: Generator?) throws -> [Tensor]

  /// Called before each step with its number in the whole training, counted from 0, and outside of what a GPU
  /// records: for what of a loss depends on how far the training is. Nothing unless said otherwise.
  func begin(step: Int) throws

  /// Whether the loss is computed without looking at any value on the way, so that a GPU can record
  /// it. True unless said otherwise.
  var isRecordable: Bool { get }
}

extension TrainingNetwork {
  public var isRecordable: Bool { true }

  public func begin(step: Int) throws {}

  public func losses(_ features: [Tensor], noise: Generator?) throws -> [Tensor] {
    [try loss(features, noise: noise)]
  }
}

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
