/// The Gaussians of "PaDiM: a Patch Distribution Modeling Framework". What a key means stands once, in
/// ``keys``.
public struct PaDiMSettings: Settings {
  public var dimensions = 100
  public var epsilon = 0.01
  public var smoothing = 0.0

  public init() {}

  public static let keys: [SettingKey<PaDiMSettings>] = [
    .number(
      "dimensions", \.dimensions, 1...4096,
      "channels, drawn at random, of which the Gaussians are; all where there are no more"),
    .fraction(
      "epsilon", \.epsilon, upTo: 1000,
      "ε of Σ + εI, which makes every covariance invertible (equation 1)"),
    .smoothing(\.smoothing),
  ]
}
