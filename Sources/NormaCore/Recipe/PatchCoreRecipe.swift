/// The bank of "Towards Total Recall in Industrial Anomaly Detection" (PatchCore).
public struct PatchCoreRecipe: RecipeSection {
  /// How the patches of the bank are chosen: one by one the farthest from those chosen (algorithm 1), or
  /// at random.
  public enum Coreset: String, RecipeChoice {
    case farthest, random
  }

  /// How a picture's score comes about: the map's maximum after pooling, or the largest distance weighed
  /// by the neighbours of the patch nearest to it (equations 6 and 7).
  public enum Score: String, RecipeChoice {
    case pooled, reweighted
  }

  public var coreset = Coreset.farthest
  /// Part of all patches that is in the bank.
  public var share = 0.1
  /// Patches in the bank at most.
  public var limit = 100_000
  /// Patches among which the farthest are sought at most; of more, so many are drawn at random.
  public var candidates = 500_000
  /// Dimensions of the random projection in which the farthest are sought; 0: none.
  public var projection = 64
  /// Deviation of the Gaussian that smooths the map, in pixels; 0: none.
  public var smoothing = 0.0
  public var score = Score.pooled
  /// Patches of the bank that a reweighted score looks at.
  public var neighbours = 9

  public init() {}

  public static let keys: [RecipeKey<PatchCoreRecipe>] = [
    .value("coreset", \.coreset), .value("share", \.share), .value("limit", \.limit),
    .value("candidates", \.candidates), .value("projection", \.projection),
    .value("smoothing", \.smoothing), .value("score", \.score),
    .value("neighbours", \.neighbours),
  ]
}
