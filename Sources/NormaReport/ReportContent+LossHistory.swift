extension ReportContent {
  /// The loss of every epoch, and which epoch the model was taken from.
  public struct LossHistory: Codable, Sendable, Equatable {
    /// The scale of the vertical axis that the page opens with; the reader can change it.
    public enum Scale: String, Codable, Sendable {
      case linear, logarithmic
    }

    /// Mean losses of one epoch.
    public struct Epoch: Codable, Sendable, Equatable {
      /// Counted from 1.
      public var number: Int
      public var training: Double
      /// Loss on the pictures held out of training; nil when none were, or not after this epoch.
      public var heldOut: Double?

      public init(number: Int, training: Double, heldOut: Double? = nil) {
        self.number = number
        self.training = training
        self.heldOut = heldOut
      }
    }

    /// In the order of their numbers.
    public var epochs: [Epoch]
    /// The number of the epoch whose weights the model holds.
    public var keptEpoch: Int?
    public var scale: Scale
    /// Optimiser steps in all; nil where nobody counted them.
    public var steps: Int?

    public init(
      epochs: [Epoch], keptEpoch: Int? = nil, scale: Scale = .logarithmic, steps: Int? = nil
    ) {
      self.steps = steps
      self.epochs = epochs
      self.keptEpoch = keptEpoch
      self.scale = scale
    }
  }
}
