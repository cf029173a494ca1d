/// What happens to the backbone's feature maps before a method sees them.
public struct FeaturesRecipe: RecipeSection {
  public enum Precision: String, RecipeChoice {
    case bf16, f32
  }

  /// 3×3 average pooling, stride 1, before the levels are aligned: RAS's default, not UniAD's.
  public var pool = true
  /// Each channel to mean 0 and deviation 1 over the training pictures; folded into the graph.
  public var standardize = false
  /// The arithmetic of the extraction; the store keeps bf16. Inspection has its own precision.
  public var precision = Precision.bf16

  public init() {}

  public static let keys: [RecipeKey<FeaturesRecipe>] = [
    .value("pool", \.pool), .value("standardize", \.standardize), .value("precision", \.precision),
  ]
}
