import Networks

/// The frozen network that turns pictures into feature maps.
public struct BackboneRecipe: Settings {
  public var name = "efficientnet-b4"
  public var imageSize = 224
  public var taps: LevelTaps?
  public var padding = BackbonePadding.nominal
  public var weights: String?

  public init() {}

  public static let keys: [SettingKey<BackboneRecipe>] = [
    .value("name", \.name, "the network, as 'norma weights' lists it").checked {
      guard !known.contains($0.name) else { return }
      let hint = Spelling.hint(for: $0.name, among: known)
      $1.add(
        "name",
        "unknown backbone '\($0.name)'"
          + (hint.isEmpty ? "; known are \(known.joined(separator: ", "))" : hint))
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
    .value(
      "padding", \.padding,
      "padding of strided convolutions: as for the network's nominal resolution (380 pixels for B4), or "
        + "TensorFlow's SAME at the actual size; ResNets pad evenly, whatever this says, and vision "
        + "transformers not at all"),
    .value(
      "weights", \.weights,
      "a file of weights; null: those that are known by the backbone's name"),
  ]

  /// Sides of pictures that can be, in pixels.
  static let imageSizes = 32...2048

  /// The backbones that there are.
  public static let known = KnownBackbone.all.map(\.name)
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
  public enum Precision: String, SettingChoice {
    case f32, bf16
  }

  public var pool = 16
  public var precision = Precision.f32

  public init() {}

  public static let keys: [SettingKey<ScoringRecipe>] = [
    .value(
      "pool", \.pool,
      "the score is the map's maximum after averaging over squares of this side, in pixels",
      decides: .inspection),
    .value(
      "precision", \.precision,
      "of the inspecting graph; a model is calibrated in the precision that it inspects in",
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
