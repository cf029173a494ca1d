/// URA-Net as a detector: where F and F_rec differ, and what the perception says, how sure it was.
public struct URANetMethod: AlignedFeatureMethod, DefinedMethod, Equatable {
  public static let name = "uranet"
  public static let title = "URA-Net"
  public static let perceives = true
  /// Models from before there was a choice have compared by region, new ones do not.
  public static let defaults = {
    var settings = URANetSettings()
    settings.compared = .uniform
    return settings
  }()
  /// What is pasted and what is restored weigh every channel alike only where all have the same deviation.
  public static let trunkDefaults = TrunkDefaults(standardizes: true)

  public var settings: URANetSettings
  /// Of the aligned features.
  public let shape: MapShape
  /// Where the settings have no score of their own.
  public var score: PictureScore

  public init(
    _ settings: URANetSettings = URANetMethod.defaults, shape: MapShape,
    score: PictureScore = .maximum(pooling: 16)
  ) {
    (self.settings, self.shape, self.score) = (settings, shape, score)
  }

  public init(_ settings: URANetSettings, trunk: Trunk, context: MethodContext) throws {
    self.init(
      settings, shape: try Self.alignedOutput(trunk), score: context.score)
  }

  public static func pastesTexture(_ settings: URANetSettings) -> Bool {
    settings.synthesis.enabled && settings.synthesis.sources.contains(.texture)
  }

  public static func check(
    _ settings: URANetSettings, in context: MethodContext, _ check: inout SettingCheck
  ) {
    self.check(settings, grids: context.usualGrid.map { [$0] } ?? [], &check)
  }

  public static func check(_ settings: URANetSettings, grids: [Int], _ check: inout SettingCheck) {
    for grid in grids { check.window("uranet.window", settings.window, grid: grid) }
  }

  public var grid: Grid { shape.grid }
  public var smoothing: Double { settings.smoothing }

  public func detect<V: Value>(
    _ features: [V], size: Grid, parameters: Parameters<V>
  ) throws -> Detection<V> {
    let tokens = try Self.aligned(features).tokens()
    let found = try URANet(settings, shape: shape, parameters)(tokens)
    let anomaly = try settings.residual(tokens, compared(found)).featureMap(grid)
    let map = try pixels(anomaly, size)
    let score =
      settings.score == .top
      ? try Self.top(settings.topShare, of: map.reshaped([map.shape[0], size.count]))
      : try score(anomaly, enlargedBy: enlarging(size, smoothed: true), pixels: map)
    let probability = found.perception.probability
    return try Detection(
      map: map, score: score,
      perceived: Perceived(
        suspicion: suspicion(probability),
        probability: probability.reshaped([anomaly.shape[0], grid.height, grid.width]),
        uncertainty: pixels(
          uncertainty(found.perception).featureMap(grid), size, smoothed: false)))
  }

  private func compared<V: Value>(_ found: Restoration<V>) throws -> V {
    switch settings.compared {
    case .region: try found.tokens
    case .uniform: try found.tokens(share: Float(settings.floor))
    }
  }

  /// The deviation of each token's answer, `[batch, N, 1]`: 0 is sure, ½ knows nothing.
  public func uncertainty<V: Value>(_ perceived: Perception<V>) throws -> V {
    switch settings.perception.uncertainty {
    case .total: try perceived.total().squareRoot()
    case .epistemic: perceived.deviation
    }
  }

  /// How anomalous each picture is to the perception, `[batch]`: the mean of the largest of its tokens'
  /// probabilities `[batch, N, 1]`. A single token would be a matter of chance, and the mean of all
  /// would not see a small defect.
  public func suspicion<V: Value>(_ probability: V) throws -> V {
    let (pictures, tokens) = (probability.shape[0], grid.count)
    return try Self.top(
      settings.perception.suspicious, of: probability.reshaped([pictures, tokens]))
  }

  /// By the nearest number of values, as models of before do.
  private static func top<V: Value>(_ share: Double, of values: V) throws -> V {
    try PictureScore.top(share, of: values, .toNearestOrAwayFromZero)
  }
}
