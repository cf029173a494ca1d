/// The network of URA-Net, in this project's reading of its abstract (`docs/ura-net.md`).
public struct URANetRecipe: RecipeSection {
  /// What a token is compared with: what was rewritten of it by its region, or the same share, `floor`, of
  /// every token.
  public enum Comparison: String, RecipeChoice {
    case region, uniform
  }

  /// How the map becomes the picture's score: its largest mean over squares (`scoring.pool`), or the
  /// mean of its largest values.
  public enum Score: String, RecipeChoice {
    case max, top
  }

  /// Width of the latent tokens.
  public var hidden = 256
  /// Attention heads; they divide `hidden`.
  public var heads = 8
  /// Inner width of the feed-forward layers.
  public var feedforward = 1024
  /// Transformer blocks after the restoration attention.
  public var blocks = 2
  /// Learned prototypes of normal features that the restoration looks at; 0: none.
  public var prototypes = 64
  /// Flagged tokens are hidden from the restoration attention, and from their own query.
  public var mask = true
  /// A token is restored without what lies in a square of this side around it; 0: from all the others,
  /// and the share of itself that is not flagged.
  public var window = 0
  /// κ of the region clip(m₀ + p + κ√u, 0, 1) that is restored, m₀ being `floor`; 0: uncertainty does not widen it.
  public var kappa = 1.0
  /// The least share by which every token is restored.
  public var floor = 0.5
  public var residual = ResidualRecipe.product
  /// `uniform` where a recipe is begun (``Recipe/init(method:)``); models from before this key have
  /// compared by region.
  public var compared = Comparison.region
  /// Deviation of the Gaussian that smooths the map, in pixels; 0: none.
  public var smoothing = 4.0
  public var score = Score.max
  /// The share of the map's values whose mean is the score `top`.
  public var topShare = 0.01
  /// Weight of the mean of 1 − cos beside the mean squared error of the restored features.
  public var cosine = 1.0
  /// Strength of the noise on the tokens that the restoration learns from, as `ras.jitter`; 0: none.
  public var jitter = 20.0
  public var perception = PerceptionRecipe()
  public var synthesis = SynthesisRecipe()

  public init() {}

  public static let keys: [RecipeKey<URANetRecipe>] = [
    .value("hidden", \.hidden), .value("heads", \.heads), .value("feedforward", \.feedforward),
    .value("blocks", \.blocks), .value("prototypes", \.prototypes), .value("mask", \.mask),
    .value("window", \.window), .value("kappa", \.kappa), .value("floor", \.floor),
    .value("residual", \.residual), .value("compared", \.compared),
    .value("smoothing", \.smoothing),
    // Written where they say something: recipes from before these keys stay the same text.
    .value("score", \.score).written { $0.score != .max },
    .value("topShare", \.topShare).written { $0.score == .top },
    .value("cosine", \.cosine), .value("jitter", \.jitter),
    .section("perception", \.perception),
    .section("synthesis", \.synthesis),
  ]
}

extension Recipe {
  /// Whether the training pastes features of textured pictures, which are extracted for it.
  public var pastesTexture: Bool {
    method == "uranet" && uranet.synthesis.enabled && uranet.synthesis.sources.contains(.texture)
  }
}

/// Which tokens are anomalous, and how sure that is.
public struct PerceptionRecipe: RecipeSection {
  /// Whether the head's weights are distributions or numbers.
  public enum Head: String, RecipeChoice {
    case bayesian, deterministic
  }

  public enum Loss: String, RecipeChoice {
    case focal, bce
  }

  /// The variance that the model shows as its uncertainty: of the answer, p(1 − p), or of the weights.
  public enum Uncertainty: String, RecipeChoice {
    case total, epistemic
  }

  public var head = Head.bayesian
  /// Whether it sees how a token differs from those around it and from its picture's mean, too.
  public var surroundings = true
  /// Width of the head's hidden layer.
  public var width = 256
  /// Deviation of the weights at the start.
  public var deviation = 0.02
  /// Deviation of the prior N(0, σ_p²).
  public var prior = 0.1
  /// λ_KL: weight of the divergence from the prior.
  public var divergence = 0.1
  /// Fixed draws of the weights at test; 0: the closed form, in one pass.
  public var samples = 0
  public var loss = Loss.bce
  /// Weight of Dice within the perception's loss.
  public var dice = 0.0
  /// λ_seg: weight of the perception's loss.
  public var weight = 1.0
  public var uncertainty = Uncertainty.total
  /// The share of a picture's tokens whose mean probability is the picture's suspicion.
  public var suspicious = 0.02

  public init() {}

  public static let keys: [RecipeKey<PerceptionRecipe>] = [
    .value("head", \.head), .value("surroundings", \.surroundings), .value("width", \.width),
    .value("deviation", \.deviation), .value("prior", \.prior),
    .value("divergence", \.divergence), .value("samples", \.samples),
    .value("loss", \.loss), .value("dice", \.dice), .value("weight", \.weight),
    .value("uncertainty", \.uncertainty), .value("suspicious", \.suspicious),
  ]
}

/// Artificial anomalies, made of features.
public struct SynthesisRecipe: RecipeSection {
  /// Where the features come from that are pasted.
  public enum Source: String, RecipeChoice {
    case other, own, noise, texture
  }

  /// Off: the network sees normal features only.
  public var enabled = true
  /// One is drawn for each sample.
  public var sources = [Source.other, .noise, .own]
  /// Share of the samples that stay as they are.
  public var untouched = 0.5
  /// Octaves of the mask's noise at most.
  public var octaves = 3
  /// Cells of the noise along a side of the grid at most.
  public var frequency = 4
  /// The mask is turned by up to this, in degrees, either way.
  public var rotation = 180.0
  /// Noise above this is anomalous; the noise lies within ±1.
  public var threshold = 0.3
  /// The range of β, how much of the pasted features replaces the normal ones.
  public var blend = [0.2, 1.0]
  /// Strength of the noise, in units of a token's norm over its number of channels.
  public var jitter = 25.0

  public init() {}

  public static let keys: [RecipeKey<SynthesisRecipe>] = [
    .value("enabled", \.enabled), .value("sources", \.sources), .value("untouched", \.untouched),
    .value("octaves", \.octaves), .value("frequency", \.frequency),
    .value("rotation", \.rotation), .value("threshold", \.threshold), .value("blend", \.blend),
    .value("jitter", \.jitter),
  ]
}
