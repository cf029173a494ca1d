/// The network of "A Unified Model for Multi-class Anomaly Detection" (UniAD).
public struct UniADRecipe: RecipeSection {
  /// Width of the latent tokens.
  public var hidden = 256
  /// Attention heads; they divide `hidden`.
  public var heads = 8
  /// Inner width of the feed-forward layers.
  public var feedforward = 1024
  public var dropout = 0.1
  /// Encoder blocks.
  public var encoder = 4
  /// Decoder layers, each with a query of its own.
  public var decoder = 4
  /// Side of the neighbourhood that masked attention does not see; 0: no mask.
  public var window = 7
  /// The mask in the encoder.
  public var maskEncoder = true
  /// The mask in the decoder's attention over the encoder's output.
  public var maskSelf = true
  /// The mask in the decoder's attention over the layer before.
  public var maskCross = true
  /// Strength of the noise that training adds to each token.
  public var jitter = 20.0
  /// The anomaly of a token; the paper's is the norm of its difference (§3.4).
  public var residual = ResidualRecipe.norm

  public init() {}

  public static let keys: [RecipeKey<UniADRecipe>] = [
    .value("hidden", \.hidden), .value("heads", \.heads), .value("feedforward", \.feedforward),
    .value("dropout", \.dropout), .value("encoder", \.encoder), .value("decoder", \.decoder),
    .value("window", \.window), .value("maskEncoder", \.maskEncoder),
    .value("maskSelf", \.maskSelf), .value("maskCross", \.maskCross), .value("jitter", \.jitter),
    // Written where it says something: recipes from before this key stay the same text.
    .value("residual", \.residual).written { $0.residual != .norm },
  ]
}
