import Foundation
import NormaFiles

/// Where a training puts its model, and its state while it is under way.
public struct TrainingOutput: Sendable {
  /// The model folder to write.
  public let model: String
  /// Go on where an earlier training of this output stopped.
  public let resume: Bool
  /// Start anew, whatever an earlier training left.
  public let force: Bool

  public static let checkpointName = "checkpoint.safetensors"
  /// The state of a training under way lies here, beside the output.
  public var workFolder: String { model + ".training" }
  public var checkpoint: String { workFolder + "/" + Self.checkpointName }

  public init(model: String, resume: Bool, force: Bool) {
    (self.model, self.resume, self.force) = (FilePath.absolute(model), resume, force)
  }

  /// An output whose training goes on if one was begun.
  public static func goingOn(_ model: String) -> TrainingOutput {
    let output = TrainingOutput(model: model, resume: true, force: false)
    return TrainingOutput(
      model: model, resume: FilePath.exists(output.checkpoint), force: false)
  }

  /// Refuses to overwrite; removes nothing.
  public func check() throws {
    let exists = FilePath.exists(model)
    let started = FilePath.exists(checkpoint)
    if force {
      guard !exists || FilePath.exists(model + "/" + ModelFile.manifest) else {
        throw FileProblem(
          path: model, reason: "it is not a model, and --force replaces nothing else")
      }
      return
    }
    if exists && !(resume && started) {
      throw FileProblem(
        path: model,
        reason: resume
          ? "the model is finished: there is nothing to resume; --force trains it anew"
          : "the output exists; --force replaces it")
    }
    if started && !resume {
      throw FileProblem(
        path: model,
        reason: "an interrupted training of it was found; --resume goes on, --force starts anew")
    }
  }

  /// The folder of this training's state, made, and locked against a second training of the same
  /// output. Made before any work, so that an output that cannot be written is known at once.
  public func lockedWorkFolder() throws -> FileLock {
    try FilePath.createFolder(workFolder)
    guard let lock = try FileLock(workFolder + "/lock") else {
      throw FileProblem(
        path: model, reason: "another training is writing it; wait for that one, or stop it")
    }
    return lock
  }

  /// By another name first: a kill half-way must not look like an interrupted training.
  public func removeWorkFolder() {
    let done = workFolder + ".done"
    guard rename(workFolder, done) == 0 else { return }
    try? FileManager.default.removeItem(atPath: done)
  }

  /// What is said when the training was stopped.
  public var stopped: String {
    "Stopped. The training so far is kept; the same command with --resume"
      + (force ? " (instead of --force)" : "") + " goes on."
  }
}
