/// How an anomaly map becomes a picture's score, and in which precision pictures are inspected.
public struct ScoringRecipe: RecipeSection {
  public enum Precision: String, RecipeChoice {
    case f32, bf16
  }

  /// The score is the map's maximum after averaging over squares of this side, in pixels.
  public var pool = 16
  /// Of the inspecting graph; a model is calibrated in the precision that it inspects in.
  public var precision = Precision.f32

  public init() {}

  public static let keys: [RecipeKey<ScoringRecipe>] = [
    .value("pool", \.pool), .value("precision", \.precision),
  ]
}

/// What the thresholds promise.
public struct CalibrationRecipe: RecipeSection {
  /// Share of normal pictures that may be called anomalous.
  public var falseAlarmRate = 0.01
  /// Reach rates that the held-out pictures cannot support through a fitted tail, labelled as such.
  public var extrapolate = false
  /// Share of normal pictures that may show an anomalous region.
  public var pixelFalseAlarmRate = 0.01

  public init() {}

  public static let keys: [RecipeKey<CalibrationRecipe>] = [
    .value("falseAlarmRate", \.falseAlarmRate), .value("extrapolate", \.extrapolate),
    .value("pixelFalseAlarmRate", \.pixelFalseAlarmRate),
  ]
}
