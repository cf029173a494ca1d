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
  /// Out, of models that perceive anomalies besides: float `[batch]`, how anomalous the picture is to
  /// the perception, the mean probability of its most anomalous tokens.
  public static let suspicion = "suspicion"
  /// Out, of the same models: float `[batch, h, w]`, the probability of each token to be anomalous.
  public static let probability = "probability"
  /// Out, of the same models: float `[batch, size, size]`, how unsure the perception is.
  public static let uncertaintyMap = "uncertainty_map"
  /// Out: float `[batch, channels]`, the mean aligned trunk feature.
  public static let feature = "feature"
}
