/// PaDiM as a detector (Defard et al., "PaDiM: a Patch Distribution Modeling Framework for Anomaly
/// Detection and Localization", 2021): at each position of the grid a Gaussian of some channels, drawn
/// at random, and a patch's Mahalanobis distance from its own position's mean. One Gaussian a position
/// serves all categories.
///
/// With the covariance Σ = LLᵀ the distance is ‖L⁻¹(x − μ)‖, so the model holds W = L⁻ᵀ for each
/// position and multiplies: no inverse of Σ is ever made.
public struct PaDiMMethod: AlignedFeatureMethod, DefinedMethod, Equatable {
  public static let name = "padim"
  public static let title = "PaDiM"
  /// Distances weigh every channel alike only where all have the same deviation.
  public static let trunkDefaults = TrunkDefaults(standardizes: true)

  public var settings: PaDiMSettings
  /// The channels that are looked at, ascending.
  public var selected: [Int]
  public var grid: Grid
  public var score: PictureScore

  public init(
    _ settings: PaDiMSettings = PaDiMSettings(), selected: [Int], grid: Grid,
    score: PictureScore = .maximum(pooling: 16)
  ) {
    (self.settings, self.selected) = (settings, selected)
    (self.grid, self.score) = (grid, score)
  }

  /// Which channels it looks at is drawn from the recipe's seed; a map that has no more than are asked for
  /// gives all.
  public init(_ settings: PaDiMSettings, trunk: Trunk, context: MethodContext) throws {
    let aligned = try Self.alignedOutput(trunk)
    self.init(
      settings, selected: context.draw(settings.dimensions, aligned.channels, "channels"),
      grid: aligned.grid, score: context.score)
  }

  /// PaDiM keeps d × d numbers a position.
  public static func check(_ settings: PaDiMSettings, grids: [Int], _ check: inout SettingCheck) {
    let width = settings.dimensions
    for grid in grids {
      let mebibytes = (grid * grid * width * width * 4) >> 20
      guard mebibytes > 512 else { continue }
      check.add(
        "padim.dimensions",
        "\(width) channels on a \(grid)×\(grid) grid make a model of \(mebibytes) MiB; "
          + "up to 512 MiB: fewer dimensions, or smaller pictures")
    }
  }

  public var smoothing: Double { settings.smoothing }

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
