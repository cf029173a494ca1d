/// The names of the inputs and outputs of ``ModelFile/graph``, which whoever exports and whoever runs
/// it must agree on.
public enum GraphPort {
  /// In: uint8 `[batch, size, size, 3]`, RGB.
  public static let pictures = "pictures"
  /// In, of graphs that measure a network's tolerance alone: float `[batch, tokens, channels]`.
  public static let noise = "noise"
  /// Out: float `[batch, size, size]`.
  public static let anomalyMap = "anomaly_map"
  /// Out: float `[batch]`.
  public static let score = "score"
  /// Out, of models that know how sure they are: float `[batch, size, size]`.
  public static let uncertaintyMap = "uncertainty_map"
  /// Out, of the same models: float `[batch]`.
  public static let uncertainty = "uncertainty"
  /// Out, of those of them that perceive: float `[batch, h, w]`, the probability of each token to be
  /// anomalous. What evaluations look at; models from before it lack it.
  public static let probability = "probability"
  /// Out: float `[batch, channels]`, the mean aligned trunk feature.
  public static let feature = "feature"
}
