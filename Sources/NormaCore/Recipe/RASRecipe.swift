/// The network of "Reconstruction as Sequence"; equations are the paper's.
public struct RASRecipe: RecipeSection {
  /// Width of the latent tokens, C_rec (equations 3 and 4).
  public var hidden = 256
  /// Attention heads; they divide `hidden`.
  public var heads = 8
  /// Inner width of the feed-forward layers.
  public var feedforward = 1024
  public var dropout = 0.0
  /// Encoder blocks, T_e (equation 4).
  public var encoder = 2
  /// RASFormer steps, T_d (equation 6).
  public var decoder = 4
  /// Side of the neighbourhood that encoder attention does not see; 0: no mask.
  public var window = 7
  /// Strength α of the noise that training adds to each token (equation 5).
  public var jitter = 25.0
  /// The adaptive gate, equations 7 and 8 (Table 4).
  public var gate = true
  /// The transformer block of a step, equation 9 (Table 4).
  public var transformer = true
  /// Layer norm around the update of equation 10, which the printed equation lacks.
  public var updateNorm = true
  /// The anomaly of a token; the paper's is the norm of its difference (equation 14).
  public var residual = ResidualRecipe.norm

  public init() {}

  public static let keys: [RecipeKey<RASRecipe>] = [
    .value("hidden", \.hidden), .value("heads", \.heads), .value("feedforward", \.feedforward),
    .value("dropout", \.dropout), .value("encoder", \.encoder), .value("decoder", \.decoder),
    .value("window", \.window), .value("jitter", \.jitter), .value("gate", \.gate),
    .value("transformer", \.transformer), .value("updateNorm", \.updateNorm),
    // Written where it says something: recipes from before this key stay the same text.
    .value("residual", \.residual).written { $0.residual != .norm },
  ]

  /// The largest window whose mask leaves some query of a grid something to see: a corner sees as
  /// far as `grid − 1`. 0 (no mask) when none does.
  public static func largestWindow(grid: Int) -> Int { max(0, 2 * grid - 3) }
}
