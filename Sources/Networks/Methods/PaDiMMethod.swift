/// PaDiM as a detector (Defard et al., "PaDiM: a Patch Distribution Modeling Framework for Anomaly
/// Detection and Localization", 2021): at each position of the grid a Gaussian of some channels, drawn
/// at random, and a patch's Mahalanobis distance from its own position's mean. One Gaussian a position
/// serves all categories.
///
/// With the covariance Σ = LLᵀ the distance is ‖L⁻¹(x − μ)‖, so the model holds W = L⁻ᵀ for each
/// position and multiplies: no inverse of Σ is ever made.
public struct PaDiMMethod: AlignedFeatureMethod, Equatable {
  /// The channels that are looked at, ascending.
  public var selected: [Int]
  public var grid: Grid
  /// ε of Σ + εI (eq. 1), which makes every covariance invertible.
  public var epsilon = 0.01
  public var scorePooling = 16
  public var smoothing = 0.0

  public init(selected: [Int], grid: Grid) {
    self.selected = selected
    self.grid = grid
  }

  /// Parameters, for N positions and d channels: `mean` `[N, d]` and `whitening` `[N, d, d]`.
  public func detect<V: Value>(
    _ features: [V], size: Grid, parameters: Parameters<V>
  ) throws -> Detection<V> {
    let (count, width) = (grid.count, selected.count)
    let mean = try parameters("mean", [count, width], .zeros)
    let whitening = try parameters("whitening", [count, width, width], .zeros)
    let tokens = try chosen(Self.aligned(features))
    // Position by position, all pictures at once: [N, batch, d].
    let white = try (tokens - mean.reshaped([1, count, width])).permuted([1, 0, 2])
      .matmul(whitening)
    let distances = try (white * white).sum(axes: [2]).squareRoot()
    return try detect(
      anomalyMap: distances.permuted([1, 2, 0])
        .reshaped([tokens.shape[0], 1, grid.height, grid.width]),
      size: size)
  }

  /// The channels that are looked at of features `[batch, C, h, w]`, as tokens `[batch, N, d]`.
  public func chosen<V: Value>(_ features: V) throws -> V {
    try features.gathered(axis: 1, selected).tokens()
  }
}
