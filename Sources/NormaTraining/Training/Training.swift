import Foundation
import Networks
import NormaCore
import NormaFiles
import Torch

/// A training of whatever kind, from features to parameters.
public protocol Training: AnyObject {
  /// What is done, for people, such as `6116608 parameters, 60 epochs, bf16`.
  var summary: String { get }
  /// In all.
  var steps: Int { get }
  /// What went wrong so far, but stopped nothing.
  var warnings: [String] { get }

  /// Goes on from the checkpoint at `path`: what was done before, such as `12 of 60 epochs`; nil when
  /// there is no checkpoint.
  func resumed(from path: String) throws -> String?

  /// Runs to the end.
  ///
  /// - Parameters:
  ///   - checkpoint: where to keep the state, if it is worth keeping; nil for nowhere.
  ///   - checkpointSeconds: seconds of training between two checkpoints; 0: one after every epoch.
  ///   - shouldStop: asked before each step.
  ///   - report: called after each step.
  func train(
    checkpoint: String?, checkpointSeconds: Double, shouldStop: () -> Bool,
    report: (TrainingProgress) -> Void
  ) throws -> TrainingOutcome
}

extension Training {
  public var warnings: [String] { [] }
}

/// How a training ended.
public enum TrainingOutcome {
  case finished(TrainedNetwork)
  /// Stopped on request; the checkpoint holds the state of a training that keeps one.
  case interrupted
}

/// How far a training is.
public struct TrainingProgress: Sendable {
  /// Steps, those of earlier runs included.
  public var done: Int
  /// What else is to be said, such as the loss.
  public var detail: String
}

extension Trainer: Training {
  public var summary: String {
    "\(counted(parameterCount, "parameter")), \(counted(settings.epochs, "epoch")), "
      + (settings.bf16 ? "bf16" : "float32")
  }

  public var steps: Int { settings.steps(pictures: data.training.count) }

  public var warnings: [String] { (gpu?.obstacle.map { [$0] } ?? []) + unsaved }

  public func resumed(from path: String) throws -> String? {
    try resume(from: path) ? "\(epoch) of \(counted(settings.epochs, "epoch"))" : nil
  }

  public func train(
    checkpoint: String?, checkpointSeconds: Double, shouldStop: () -> Bool,
    report: (TrainingProgress) -> Void
  ) throws -> TrainingOutcome {
    try run(
      checkpoint: checkpoint, checkpointSeconds: checkpointSeconds, shouldStop: shouldStop,
      report: { report(TrainingProgress($0)) })
  }
}

extension TrainingProgress {
  init(_ progress: Trainer.Progress) {
    done = progress.epoch * progress.stepsPerEpoch + progress.step
    detail = String(
      format: "epoch %d of %d  loss %.4g", progress.epoch + 1, progress.epochs, progress.loss)
    if let heldOut = progress.heldOut { detail += String(format: "  held out %.4g", heldOut) }
  }
}

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
