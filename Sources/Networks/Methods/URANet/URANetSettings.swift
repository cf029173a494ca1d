/// URA-Net, in this project's reading of its abstract (`docs/methods/ura-net.md`): the network, how it is taught and
/// how its result is looked at. What a key means stands once, in ``keys``.
public struct URANetSettings: Settings {
  /// What a token's features F are compared with.
  public enum Comparison: String, SettingChoice {
    /// F_rec = (1 − m)F + mR: a token counts the more, the more of it is rewritten.
    case region
    /// (1 − m₀)F + m₀R: all tokens count alike, and the perception decides what R may see, no more. Needs
    /// a floor m₀.
    case uniform
  }

  /// How the pixel map becomes the picture's score.
  public enum Score: String, SettingChoice {
    /// The map's largest mean over squares of the score's pooling.
    case max
    /// The mean of the largest of the map's values, so large a share of them: at least one.
    case top
  }

  public var hidden = 256
  public var heads = 8
  public var feedforward = 1024
  public var blocks = 2
  public var prototypes = 64
  public var mask = true
  public var window = 0
  public var kappa = 1.0
  public var floor = 0.5
  public var residual = Residual.product
  /// What a recipe that does not say it has meant since before there was a choice; a new recipe begins with
  /// ``URANetMethod/defaults``.
  public var compared = Comparison.region
  public var smoothing = 4.0
  public var score = Score.max
  public var topShare = 0.01
  public var cosine = 1.0
  public var jitter = 20.0
  public var perception = Perception()
  public var synthesis = Synthesis()

  public init() {}

  public static let keys: [SettingKey<URANetSettings>] = [
    .tokenWidth(\.hidden, "width of the latent tokens"),
    .heads(\.heads, of: \.hidden),
    .feedforward(\.feedforward),
    .number("blocks", \.blocks, 0...24, "transformer blocks after the restoration attention's own"),
    .number(
      "prototypes", \.prototypes, 0...65536,
      "learned prototypes of normal features that the restoration looks at; 0: none"),
    .value(
      "mask", \.mask,
      "flagged tokens are hidden from the restoration attention, and from their own query"),
    .number(
      "window", \.window, 0...4096,
      "a token is restored without what lies in a square of this side around it; 0: from all the "
        + "others, and the share of itself that is not flagged"),
    .number(
      "kappa", \.kappa, 0...100,
      "κ of the region clip(m₀ + p + κ√u, 0, 1) that is restored; 0: uncertainty does not widen it"),
    .number("floor", \.floor, 0...1, "m₀, the least share by which every token is restored"),
    .value("residual", \.residual, "the anomaly of a token", decides: .inspection),
    .value(
      "compared", \.compared,
      "what a token is compared with: what was rewritten of it by its region, or the same share of all",
      decides: .inspection
    ).checked {
      guard $0.compared == .uniform, $0.floor == 0 else { return }
      $1.add("compared", "uniform, where floor is 0, compares a token with itself; use region")
    },
    .smoothing(\.smoothing),
    // Written where they say something: recipes from before these keys stay the same text.
    .value(
      "score", \.score,
      "how the map becomes the picture's score: its largest mean over squares, or the mean of its "
        + "largest values", decides: .inspection
    ).written { $0.score != .max },
    .fraction(
      "topShare", \.topShare, upTo: 1,
      "the share of the map's values whose mean is the score 'top'", decides: .inspection
    ).written { $0.score == .top },
    .number(
      "cosine", \.cosine, 0...1000,
      "weight of the mean of 1 − cos beside the mean squared error of the restored features"),
    .number(
      "jitter", \.jitter, 0...1000,
      "strength of the noise on the tokens that the restoration learns from; 0: none"),
    .section("perception", \.perception, "which tokens are anomalous, and how sure that is"),
    .section("synthesis", \.synthesis, "artificial anomalies, made of features"),
  ]

  /// The artificial anomalies; nil where there are none, and the network sees normal features only.
  public var anomalies: Synthesis? { synthesis.enabled ? synthesis : nil }
}

extension URANetSettings {
  /// Which tokens are anomalous, and how sure that is.
  public struct Perception: Settings {
    /// Whether the head's weights are distributions or numbers.
    public enum Head: String, SettingChoice {
      case bayesian, deterministic
    }

    /// What the perception's answers are measured by, beside Dice.
    public enum Loss: String, SettingChoice {
      /// Focal loss with γ = 2 (Lin et al., "Focal loss for dense object detection", 2017).
      case focal
      /// Binary cross-entropy.
      case bce
    }

    /// Which variance of the perception the model shows as its uncertainty.
    public enum Uncertainty: String, SettingChoice {
      /// p(1 − p): of the answer.
      case total
      /// u: of the weights, what more training pictures could take away.
      case epistemic
    }

    public var head = Head.bayesian
    public var surroundings = true
    public var width = 256
    public var deviation = 0.02
    public var prior = 0.1
    public var divergence = 0.1
    public var samples = 0
    public var loss = Loss.bce
    public var dice = 0.0
    public var weight = 1.0
    public var uncertainty = Uncertainty.total
    public var suspicious = 0.02

    public init() {}

    public static let keys: [SettingKey<Perception>] = [
      .value("head", \.head, "whether the head's weights are distributions or numbers"),
      .value(
        "surroundings", \.surroundings,
        "it sees how a token differs from those around it and from its picture's mean, too"),
      .number("width", \.width, 2...65536, "width of the head's hidden layer"),
      .fraction("deviation", \.deviation, upTo: 10, "deviation of the weights at the start"),
      .fraction("prior", \.prior, upTo: 10, "deviation of the prior N(0, σ_p²)"),
      .number(
        "divergence", \.divergence, 0...1000,
        "λ_KL, weight of KL(q ‖ prior) / (training pictures · tokens)"),
      .number(
        "samples", \.samples, 0...1000,
        "fixed draws of the weights at test; 0: the closed form, in one pass", decides: .inspection
      ).checked {
        if $0.samples == 1 {
          $1.add("samples", "1 draw has no spread; 2 or more, or 0")
        }
        if $0.samples > 0, $0.head == .deterministic {
          $1.add("samples", "a deterministic head has nothing to draw from; use 0")
        }
      },
      .value("loss", \.loss, "what its answers are measured by, token by token"),
      .number("dice", \.dice, 0...1000, "weight of Dice within the perception's loss"),
      .number("weight", \.weight, 0...1000, "λ_seg, weight of the perception's loss"),
      .value(
        "uncertainty", \.uncertainty,
        "the variance that the model shows as its uncertainty: of the answer, or of the weights",
        decides: .inspection
      ).checked {
        guard $0.uncertainty == .epistemic, $0.head == .deterministic else { return }
        $1.add(
          "uncertainty", "a deterministic head is always certain of its weights; use total")
      },
      .fraction(
        "suspicious", \.suspicious, upTo: 1,
        "the share of a picture's tokens, the most probably anomalous ones and at least one, whose "
          + "mean probability is the picture's suspicion", decides: .inspection),
    ]
  }

  /// Artificial anomalies on the token grid.
  public struct Synthesis: Settings {
    /// Where the features come from that are pasted.
    public enum Source: String, SettingChoice {
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

    public var enabled = true
    public var sources = [Source.other, .noise, .own]
    public var untouched = 0.5
    public var octaves = 3
    public var frequency = 4
    public var rotation = 180.0
    public var threshold = 0.3
    public var blend = [0.2, 1.0]
    public var jitter = 25.0

    public init() {}

    public static let keys: [SettingKey<Synthesis>] = [
      .value("enabled", \.enabled, "off: the network sees normal features only"),
      .value("sources", \.sources, "where what is pasted comes from; one is drawn for each sample")
        .checked {
          if $0.sources.isEmpty {
            $1.add("sources", "the list is empty; enabled: false makes no anomalies")
          } else if Set($0.sources).count < $0.sources.count {
            $1.add("sources", "a source is named twice")
          }
        },
      .number("untouched", \.untouched, 0...1, "share of the samples that stay as they are"),
      .number(
        "octaves", \.octaves, 1...8,
        "octaves of the mask's noise at most; each sample draws how many"),
      .number(
        "frequency", \.frequency, 1...64,
        "cells of the noise along a side of the grid at most; each sample draws 1, 2, 4, … up to this"
      ),
      .number(
        "rotation", \.rotation, 0...180,
        "the mask is turned by up to this, in degrees, either way"),
      .number(
        "threshold", \.threshold, -1...1,
        "noise above this is anomalous; the noise lies within ±1"),
      .value(
        "blend", \.blend,
        "the range of β, how much of the pasted features replaces the normal ones"
      ).checked {
        let blend = $0.blend
        if blend.count != 2 || blend.contains(where: { $0 < 0 || $0 > 1 }) || blend[0] > blend[1] {
          $1.add("blend", "two numbers from 0 to 1, the smaller first, as [0.2, 1]")
        }
      },
      .number(
        "jitter", \.jitter, 0...1000,
        "strength of the noise, in units of a token's norm over its number of channels"),
    ]

    /// The range of β.
    public var share: ClosedRange<Double> {
      let low = blend.first ?? 0
      return low...max(low, blend.last ?? low)
    }
  }
}
