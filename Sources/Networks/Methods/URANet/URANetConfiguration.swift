/// Everything that shapes a URA-Net.
public struct URANetConfiguration: Equatable, Sendable {
  /// Channels C of the aligned features.
  public var channels: Int
  public var grid: Grid
  /// Latent width D of the restoration.
  public var hidden = 256
  public var heads = 8
  public var feedForward = 1024
  /// Transformer blocks after the restoration attention's own.
  public var blocks = 2
  /// Learned prototypes of normal features that every query may look at; 0 for none.
  public var prototypes = 64
  /// Whether flagged tokens are hidden from the attention and from their own query.
  public var masks = true
  /// Side of the square around a token, itself in its middle, that its restoration does not see; 0 for
  /// none: it sees all tokens, and the share 1 − m of itself.
  public var window = 0
  /// κ of the region clip(m₀ + p + κ√u, 0, 1).
  public var kappa: Float = 1
  /// m₀, the least share by which every token is restored.
  public var floor: Float = 0.5
  /// Strength of the feature jitter of what the restoration sees in training.
  public var jitter: Float = 20
  /// Whether the perception sees how each token differs from those around it and from its picture's mean,
  /// beside the token itself.
  public var surroundings = true
  /// Width of the perception's hidden layer.
  public var perceptionWidth = 256
  /// Deviation of the perception's weights at the start; nil for weights that are certain.
  public var deviation: Float? = 0.02
  /// Fixed draws of the perception's weights at test; 0 for the closed form in one pass.
  public var samples = 0

  public init(channels: Int, grid: Grid) {
    self.channels = channels
    self.grid = grid
  }
}
