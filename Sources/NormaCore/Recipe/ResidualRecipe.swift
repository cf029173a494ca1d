/// How the difference between a token's features and what was rebuilt of them becomes its anomaly: its
/// norm (RAS eq. 14, UniAD §3.4), its mean square times 1 − cos, or the sum of these two.
public enum ResidualRecipe: String, RecipeChoice {
  case norm, product, sum
}
