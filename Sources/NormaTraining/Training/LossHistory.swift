/// The losses of a training, epoch by epoch; a fit has none.
public struct LossHistory: Codable, Equatable, Sendable {
  public struct Epoch: Codable, Equatable, Sendable {
    /// Mean over the epoch's steps, jitter included.
    public var training: Double
    /// Mean over the held-out pictures, without jitter; nil when none are held out.
    public var heldOut: Double?
    /// Seconds of training, up to the end of this epoch.
    public var seconds: Double
  }

  public var epochs: [Epoch] = []
  /// The epoch, counted from 0, whose weights the model keeps.
  public var kept: Int?

  /// Optimiser steps in all; nil of a training that did not count them.
  public var steps: Int?

  /// Seconds of a fit.
  public var fitSeconds: Double?

  /// Seconds of the whole training.
  public var seconds: Double? { fitSeconds ?? epochs.last?.seconds }

  public init() {}

  /// The history of a training that only its page tells of: its epochs count as equally long.
  ///
  /// - Parameters:
  ///   - kept: counted from 0.
  ///   - seconds: of all epochs; of a fit where there are none.
  public init(
    losses: [(training: Double, heldOut: Double?)], kept: Int?, steps: Int?, seconds: Double?
  ) {
    let each = (seconds ?? 0) / Double(max(1, losses.count))
    epochs = losses.enumerated().map { index, loss in
      Epoch(
        training: loss.training, heldOut: loss.heldOut, seconds: each * Double(index + 1))
    }
    (self.kept, self.steps) = (kept, steps)
    if losses.isEmpty { fitSeconds = seconds }
  }
}
