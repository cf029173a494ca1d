/// The network of "Learning Unified Reference Representation"; equations and tables are the paper's.
/// Lists have one entry a level, finest first.
public struct RLRRecipe: RecipeSection {
  /// What a level's map adds to one minus the cosine (equation 16): the mean squared difference, or
  /// the norm of the difference as printed.
  public enum Difference: String, RecipeChoice {
    case meanSquare, norm
  }

  /// One optimizer step a batch on the sum of the levels' losses, or one for each level, in which the
  /// other levels' gradients are zero.
  public enum Steps: String, RecipeChoice {
    case joint, perLevel
  }

  /// Strides of the feature levels; `backbone.taps`, where given, says the levels instead.
  public var levels = [4, 8, 16]
  /// Latent widths D; nil: 32 times the stride (128, 256, 512).
  public var hidden: [Int]?
  /// Attention heads; they divide every width.
  public var heads = 8
  public var layers = 4
  /// Inner width of the feed-forward layers, in D.
  public var feedforward = 4
  /// Sides of the windows that MLKA does not see and LCA sees alone; nil: 11, 7 and 5 for grids of 64,
  /// 32 and 16.
  public var windows: [Int]?
  /// Weight α of LCA against MLKA (equation 4, Table 5).
  public var alpha = 2.0
  /// Strength of the noise that training adds to each token; 0: none.
  public var jitter = 4.0
  /// The columns of Table 3.
  public var residual = false
  public var selfAttention = false
  public var crossAttention = false
  public var mlka = true
  public var lca = true
  /// How large MLKA's output projections begin, as a share of PyTorch's; 0: a level begins without it.
  /// Nothing where MLKA is the only attention.
  public var mlkaStart = 1.0
  public var difference = Difference.meanSquare
  /// Deviation of the Gaussian before the maximum that is a picture's score, in pixels.
  public var smoothing = 4.0
  public var optimizerSteps = Steps.joint
  /// The width D whose level learns at the training's rate, a wider level more slowly by as much as it is
  /// wider; nil: all levels at the same rate.
  public var rateWidth: Int?

  public init() {}

  public static let keys: [RecipeKey<RLRRecipe>] = [
    .value("levels", \.levels), .value("hidden", \.hidden), .value("heads", \.heads),
    .value("layers", \.layers), .value("feedforward", \.feedforward),
    .value("windows", \.windows), .value("alpha", \.alpha), .value("jitter", \.jitter),
    .value("residual", \.residual), .value("selfAttention", \.selfAttention),
    .value("crossAttention", \.crossAttention), .value("mlka", \.mlka), .value("lca", \.lca),
    .value("mlkaStart", \.mlkaStart),
    .value("difference", \.difference), .value("smoothing", \.smoothing),
    .value("optimizerSteps", \.optimizerSteps), .value("rateWidth", \.rateWidth),
  ]

  /// The window of a grid of this side where none is given; nil when there is none for it.
  public static func window(grid: Int) -> Int? {
    [64: 11, 32: 7, 16: 5][grid]
  }

  var usesWindows: Bool { mlka || lca }
  var hasAttention: Bool { selfAttention || crossAttention || mlka || lca }
}
