/// How URA-Net is taught: the artificial anomalies and the weights of the losses.
public struct URANetTrainingConfiguration: Equatable, Sendable {
  /// What the perception's answers are measured by, beside Dice.
  public enum Segmentation: String, Sendable, CaseIterable {
    /// Binary cross-entropy.
    case bce
    /// Focal loss with γ = 2 (Lin et al., "Focal loss for dense object detection", 2017).
    case focal
  }

  public var synthesis: FeatureSynthesisConfiguration? = FeatureSynthesisConfiguration()
  public var segmentation = Segmentation.bce
  /// Weight of the mean of 1 − cos beside the mean squared error.
  public var cosine: Float = 1
  /// λ_seg: weight of the perception's loss.
  public var perception: Float = 1
  /// Weight of Dice within the perception's loss.
  public var dice: Float = 0
  /// λ_KL, of KL(q ‖ prior) / (training pictures · tokens).
  public var divergence: Float = 0.1
  /// σ_p of the prior N(0, σ_p²).
  public var prior: Float = 0.1

  public init() {}
}

/// Artificial anomalies on the token grid.
public struct FeatureSynthesisConfiguration: Equatable, Sendable {
  /// Where the features come from that are pasted.
  public enum Source: String, Sendable, CaseIterable {
    /// Another picture of the batch, its tokens at shuffled positions; one of the half whose mean
    /// feature is farther away, which in a batch of several categories is of another.
    case other
    /// The picture itself, its tokens at shuffled positions.
    case own
    /// The tokens in place, with noise added.
    case noise
    /// The picture's textured twin, a picture with texture of another pasted all over it; its tokens
    /// in place or at shuffled positions.
    case texture
  }

  /// One is drawn for each sample.
  public var sources: [Source] = [.other, .noise, .own]
  /// Share of the samples that stay as they are.
  public var untouched = 0.5
  /// Octaves of the mask's noise at most; each sample draws how many.
  public var octaves = 3
  /// Cells of the noise along a side of the grid at most; each sample draws 1, 2, 4, … up to this.
  public var frequency = 4
  /// The mask is turned by up to this, in degrees, either way.
  public var rotation = 180.0
  /// Noise above this is anomalous; the noise lies within ±1.
  public var threshold = 0.3
  /// β is drawn from this range.
  public var blend: ClosedRange<Double> = 0.2...1
  /// Strength of the noise, in units of a token's norm over its number of channels.
  public var jitter: Float = 25

  public init() {}
}
