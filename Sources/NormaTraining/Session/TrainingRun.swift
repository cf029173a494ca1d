import Foundation
import NormaCore
import NormaFiles
import Torch

/// The training of a session: from split pictures to a network, with its checkpoint, its progress, and its
/// way to stop.
public struct TrainingRun {
  public let recipe: Recipe
  public let method: any LearningMethod
  public let pictures: SplitPictures
  public let settings: TrainingSettings
  public let output: TrainingOutput
  /// What an interruption says: what was kept, and how to go on.
  public let stopped: String
  public let context: JobContext

  public init(
    recipe: Recipe, method: any LearningMethod, pictures: SplitPictures,
    settings: TrainingSettings, output: TrainingOutput, stopped: String,
    context: JobContext
  ) {
    self.recipe = recipe
    self.method = method
    self.pictures = pictures
    self.settings = settings
    self.output = output
    self.stopped = stopped
    self.context = context
  }

  /// Trains to the end.
  ///
  /// - Parameters:
  ///   - features: the key of everything that the features depend on.
  ///   - root: the folder that the pictures' names are relative to.
  /// - Throws: `Interrupted` when a stop is requested; the checkpoint holds the state.
  public func network(features: String, root: String) throws -> TrainedNetwork {
    let training = try method.training(
      on: pictures.data, settings: settings,
      fingerprint: fingerprint(features: features, root: root))
    if output.force { try? FileManager.default.removeItem(atPath: output.checkpoint) }
    if output.resume {
      context.note(
        try training.resumed(from: output.checkpoint).map { "Going on after \($0)." }
          ?? "There is nothing to resume; training starts anew.")
    }
    context.note(
      "Training \(recipe.title): \(pictures.training.count) pictures, "
        + "\(pictures.heldOut.count) held out, \(training.summary)")
    let progress = context.stage("Training", total: training.steps, unit: "steps")
    defer { progress.clear() }
    let outcome = try training.train(
      checkpoint: output.checkpoint, checkpointSeconds: recipe.training.checkpointEvery * 60,
      shouldStop: { context.isStopRequested },
      report: { progress.update($0.done, detail: $0.detail) })
    for warning in training.warnings { context.warning(warning) }
    switch outcome {
    case .finished(let network):
      progress.finish()
      return network
    case .interrupted: throw Interrupted(stopped)
    }
  }

  /// Everything that the weights depend on: a training goes on from its own state only.
  private func fingerprint(features: String, root: String) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    let facts =
      [
        features, recipe.yaml, Machine.version,
        String(decoding: try encoder.encode(settings), as: UTF8.self),
      ]
      + (pictures.training + pictures.heldOut).map {
        "\($0.category)\t\(FilePath.relative($0.path, to: root))"
      } + ["\(pictures.training.count)"]
    return Digest.sha256(Data(facts.joined(separator: "\n").utf8))
  }
}
