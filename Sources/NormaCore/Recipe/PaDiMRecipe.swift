/// The Gaussians of "PaDiM: a Patch Distribution Modeling Framework".
public struct PaDiMRecipe: RecipeSection {
  /// Channels, drawn at random, of which the Gaussians are; all where there are no more.
  public var dimensions = 100
  /// ε of Σ + εI (equation 1).
  public var epsilon = 0.01
  /// Deviation of the Gaussian that smooths the map, in pixels; 0: none.
  public var smoothing = 0.0

  public init() {}

  public static let keys: [RecipeKey<PaDiMRecipe>] = [
    .value("dimensions", \.dimensions), .value("epsilon", \.epsilon),
    .value("smoothing", \.smoothing),
  ]
}
