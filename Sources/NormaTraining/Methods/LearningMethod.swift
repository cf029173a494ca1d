import Networks
import NormaCore

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
