import Networks

/// The frozen network that turns pictures into feature maps.
public struct BackboneRecipe: Settings {
  public var name = "efficientnet-b4"
  public var imageSize = 224
  public var taps: LevelTaps?
  public var grid = AlignedGrid.coarsest
  public var padding = BackbonePadding.nominal
  public var weights: String?
  /// Further backbones, which the members of an ensemble can see through.
  public var beside: [BesideBackbone] = []

  public init() {}

  public static let keys: [SettingKey<BackboneRecipe>] = [
    .value("name", \.name, "the network, as 'norma weights' lists it").checked {
      if let problem = problem(ofName: $0.name) { $1.add("name", problem) }
    },
    .number(
      "imageSize", \.imageSize, imageSizes,
      "pictures are resized to a square of this side, in pixels; a vision transformer's patch divides it"
    ).checked {
      guard imageSizes.contains($0.imageSize),
        let problem = Backbones.named($0.name)?.problem(ofPictureSide: $0.imageSize)
      else { return }
      $1.add("imageSize", problem)
    },
    .value(
      "taps", \.taps,
      "blocks, counted from 0, whose outputs are used; null: the last ones at strides 2, 4, 8 and 16, or "
        + "for ResNets at 4, 8 and 16 (layers 1, 2 and 3); of a vision transformer a level is the mean of a "
        + "group of blocks, [[2, 3, 4, 5], [6, 7, 8, 9]]"
    ).checked {
      guard let problem = $0.taps?.problem else { return }
      $1.add("taps", problem)
    },
    // Written where it says something: recipes from before this key stay the same text.
    .value(
      "grid", \.grid,
      "places a side of the one map that the levels are brought to: those of the coarsest level, of the finest, "
        + "or a number between, such as 28 for EfficientNet-B4 at 224 pixels; work and memory grow with its "
        + "square"
    ).written { $0.grid != .coarsest },
    .value(
      "padding", \.padding,
      "padding of strided convolutions: as for the network's nominal resolution (380 pixels for B4), or "
        + "TensorFlow's SAME at the actual size; ResNets pad evenly, whatever this says, and vision "
        + "transformers not at all"),
    .value(
      "weights", \.weights,
      "a file of weights; null: those that are known by the backbone's name"),
    .beside,
  ]

  /// Sides of pictures that can be, in pixels.
  static let imageSizes = 32...2048

  /// The backbones that there are.
  public static let known = KnownBackbone.all.map(\.name)

  /// Why there is no backbone of that name; nil when there is.
  static func problem(ofName name: String) -> String? {
    guard !known.contains(name) else { return nil }
    let hint = Spelling.hint(for: name, among: known)
    return "unknown backbone '\(name)'"
      + (hint.isEmpty ? "; known are \(known.joined(separator: ", "))" : hint)
  }
}

/// What happens to the backbone's feature maps before a method sees them.
public struct FeaturesRecipe: Settings {
  public enum Precision: String, SettingChoice {
    case bf16, f32
  }

  public var pool = true
  public var standardize = false
  public var precision = Precision.bf16

  public init() {}

  public static let keys: [SettingKey<FeaturesRecipe>] = [
    .value(
      "pool", \.pool,
      "3×3 average pooling, stride 1, before the levels are aligned: RAS's default, not UniAD's"),
    .value(
      "standardize", \.standardize,
      "each channel to mean 0 and deviation 1 over the training pictures; folded into the graph"),
    .value(
      "precision", \.precision,
      "the arithmetic of the extraction; the store keeps bf16, and inspection has its own precision"
    ),
  ]
}

/// How an anomaly map becomes a picture's score, and in which precision pictures are inspected.
public struct ScoringRecipe: Settings {
  /// `auto` is bf16 where the training machine's processor has it and held-out pictures keep their verdicts in
  /// it, else float32; the manifest says which.
  public enum Precision: String, SettingChoice {
    case f32, bf16, auto
  }

  /// What of a map is its picture's score.
  public enum Score: String, SettingChoice {
    /// The largest mean over squares of ``ScoringRecipe/pool`` pixels' side.
    case maximum
    /// The mean of the largest of the map's values, ``ScoringRecipe/topShare`` of them.
    case top
  }

  public var pool = 16
  /// nil: what the method's publication has.
  public var score: Score?
  public var topShare = 0.01
  public var precision = Precision.f32

  public init() {}

  public static let keys: [SettingKey<ScoringRecipe>] = [
    .value(
      "pool", \.pool,
      "the score is the map's maximum after averaging over squares of this side, in pixels",
      decides: .inspection),
    // Written where they say something: recipes from before these keys stay the same text.
    .value(
      "score", \.score,
      "maximum: as 'pool' says; top: the mean of the map's largest values; null: as the method has it",
      decides: .inspection
    ).written { $0.score != nil },
    .fraction(
      "topShare", \.topShare, upTo: 1,
      "the share of the map's values whose mean is the score 'top'", decides: .inspection
    ).written { $0.score == .top || $0.topShare != ScoringRecipe().topShare },
    .value(
      "precision", \.precision,
      "of the inspecting graph: f32, bf16, or auto: bf16 where the processor has it and held-out pictures keep "
        + "their verdicts; a model is calibrated in the precision that it inspects in",
      decides: .inspection),
  ]
}

/// What the thresholds promise.
public struct CalibrationRecipe: Settings {
  public var falseAlarmRate = 0.01
  public var extrapolate = false
  public var pixelFalseAlarmRate = 0.01

  public init() {}

  public static let keys: [SettingKey<CalibrationRecipe>] = [
    .fraction(
      "falseAlarmRate", \.falseAlarmRate, upTo: 0.5,
      "share of normal pictures that may be called anomalous", decides: .inspection),
    .value(
      "extrapolate", \.extrapolate,
      "reach rates that the held-out pictures cannot support through a fitted tail, labelled as such",
      decides: .inspection),
    .fraction(
      "pixelFalseAlarmRate", \.pixelFalseAlarmRate, upTo: 0.5,
      "share of normal pictures that may show an anomalous region", decides: .inspection),
  ]
}
