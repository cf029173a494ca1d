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
  /// Out: float `[batch, channels]`, the mean aligned trunk feature.
  public static let feature = "feature"
}
