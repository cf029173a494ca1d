import Networks
import NormaCore
import NormaFiles
import Torch

/// A method without a loss: its parameters are read off the features of normal pictures.
public protocol FittedMethod: LearningMethod {
  /// The parameters for `data`, by name.
  ///
  /// - Parameters:
  ///   - seed: what everything random is drawn from.
  ///   - report: called after each part of the work with the steps that are done and what is being
  ///     done. It throws to stop the fit, which lets the error pass.
  func fit(
    _ data: TrainingData, seed: UInt64, report: (Int, String) throws -> Void
  ) throws -> [String: WeightTensor]

  /// Steps of a fit to `pictures` pictures.
  func fitSteps(pictures: Int) -> Int

  /// What a fit to `pictures` pictures makes, for people.
  func fitSummary(pictures: Int) -> String
}

extension FittedMethod {
  public func training(
    on data: TrainingData, settings: TrainingSettings, fingerprint: String
  ) throws -> any Training {
    try Fitter(self, data: data, seed: settings.seed)
  }

  public func steps(pictures: Int, settings: TrainingSettings) -> Int {
    fitSteps(pictures: pictures)
  }
}

/// Fits a method. A fit takes no longer than a few epochs would, so it keeps no state: what was
/// interrupted begins anew, on features that are there already.
public final class Fitter: Training {
  private let method: any FittedMethod
  private let data: TrainingData
  private let seed: UInt64

  public init(_ method: any FittedMethod, data: TrainingData, seed: UInt64) throws {
    guard !data.training.isEmpty else { throw TrainerError("there is no picture to train on") }
    self.method = method
    self.data = data
    self.seed = seed
  }

  public var summary: String { method.fitSummary(pictures: data.training.count) }
  public var steps: Int { method.fitSteps(pictures: data.training.count) }

  /// A fit keeps no checkpoint, so what lies there is another training's, and not to be lost.
  public func resumed(from path: String) throws -> String? {
    guard !FilePath.exists(path) else { throw TrainerError.ofAnotherTraining(checkpoint: path) }
    return nil
  }

  private struct Stopped: Error {}

  public func train(
    checkpoint: String?, checkpointSeconds: Double, shouldStop: () -> Bool,
    report: (TrainingProgress) -> Void
  ) throws -> TrainingOutcome {
    let start = ContinuousClock.now
    let weights: [String: WeightTensor]
    do {
      weights = try withoutGradient {
        try method.fit(data, seed: seed) { done, detail in
          if shouldStop() { throw Stopped() }
          report(TrainingProgress(done: done, detail: detail))
        }
      }
    } catch is Stopped {
      return .interrupted
    }
    for (name, tensor) in weights where !tensor.values.allSatisfy(\.isFinite) {
      throw TrainerError("the fitted parameter \(name) is not finite: are the features?")
    }
    var history = LossHistory()
    history.fitSeconds = (ContinuousClock.now - start).seconds
    return .finished(
      TrainedNetwork(
        names: weights.keys.sorted(), shapes: weights.mapValues(\.shape),
        values: weights.mapValues(\.values), history: history))
  }
}

extension TrainingData {
  /// Pictures that a fit reads at once.
  static var fitBatch: Int { 32 }

  /// The training pictures in order, `fitBatch` at a time, as one map each.
  ///
  /// - Parameter body: gets the positions in `training` and their aligned features
  ///   `[batch, C, h, w]`.
  func forEachBatch(_ body: (Range<Int>, Tensor) throws -> Void) throws {
    for first in stride(from: 0, to: training.count, by: Self.fitBatch) {
      let range = first..<min(first + Self.fitBatch, training.count)
      guard let features = try batch(Array(training[range])).first else { continue }
      try body(range, features)
    }
  }
}
