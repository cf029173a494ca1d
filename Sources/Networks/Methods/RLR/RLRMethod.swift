/// RLR as a detector: at each level the squared difference and one minus the cosine of features and
/// rebuilt features (eq. 16), brought to picture size with aligned corners and averaged over levels; the
/// image score is the maximum of the map after a Gaussian, the pixel map itself is not smoothed.
public struct RLRMethod: DefinedMethod, Equatable {
  public static let name = "rlr"
  public static let title = "RLR"
  /// Larger pictures, padded at their actual size.
  public static let trunkDefaults = TrunkDefaults(imageSize: 256, padding: .dynamic)

  public var settings: RLRSettings
  /// Finest first.
  public var levels: [RLRLevelShape]
  /// Of the smoothed map, which therefore is not pooled before the maximum.
  public var score: PictureScore

  public init(
    _ settings: RLRSettings = RLRSettings(), levels: [RLRLevelShape],
    score: PictureScore = .maximum(pooling: 1)
  ) {
    (self.settings, self.levels, self.score) = (settings, levels, score)
  }

  public init(_ settings: RLRSettings, trunk: Trunk, context: MethodContext) throws {
    let maps = trunk.outputs
    self.init(
      settings,
      levels: try maps.indices.map { index in
        try settings.level(
          index, of: maps.count, map: maps[index],
          stride: trunk.strides[index])
      }, score: context.score)
  }

  public static func requiredFeatures(_ settings: RLRSettings) -> RequiredFeatures {
    .levels(strides: settings.levels)
  }

  public static func check(
    _ settings: RLRSettings, in context: MethodContext, _ check: inout SettingCheck
  ) {
    let count = context.taps?.count ?? settings.levels.count
    for (name, list) in [("hidden", settings.hidden), ("windows", settings.windows)] {
      guard let list, list.count != count else { continue }
      check.add(
        "rlr.\(name)", "\(list.count) values for \(count) levels; one a level, finest first")
    }
    // Other taps may have other grids, which only the backbone knows.
    guard context.taps == nil, settings.levels.allSatisfy((1...4096).contains) else { return }
    self.check(
      settings, grids: settings.levels.map { (context.imageSize + $0 - 1) / $0 }, &check)
  }

  public static func check(_ settings: RLRSettings, grids: [Int], _ check: inout SettingCheck) {
    let windows = settings.windows
    guard settings.usesWindows, windows.map({ $0.count == grids.count }) ?? true else { return }
    for (index, grid) in grids.enumerated() {
      guard let window = windows?[index] ?? RLRSettings.window(grid: grid) else {
        check.add(
          "rlr.windows",
          "no window is known for a grid of \(grid)×\(grid); the grids are "
            + "\(grids.map { "\($0)×\($0)" }.joined(separator: ", ")): give one window for each")
        return
      }
      guard settings.mlka else { continue }
      check.window("rlr.windows", window, grid: grid, none: "no window fits")
    }
  }

  public func detect<V: Value>(
    _ features: [V], size: Grid, parameters: Parameters<V>
  ) throws -> Detection<V> {
    try detect(
      levelMaps: levelMaps(features, RLR(settings, levels: levels, parameters)), size: size)
  }

  /// Each level's map at its own grid, `[batch, 1, h, w]`.
  public func levelMaps<V: Value>(_ features: [V], _ network: RLR<V>) throws -> [V] {
    try zip(zip(features, network.levels), network.reconstructions(features)).map {
      let (tokens, rebuilt) = try ($0.0.tokens(), $1)
      let difference = try tokens - rebuilt
      let squares = try difference * difference
      let distance =
        switch settings.difference {
        case .meanSquare: try squares.mean(axes: [2])
        case .norm: try squares.sum(axes: [2]).squareRoot()
        }
      let cosine = try tokens.cosineSimilarity(to: rebuilt, axis: 2)
      return try (distance + cosine.affine(scale: -1, offset: 1)).featureMap($0.1.grid)
    }
  }

  /// Pixel map and score of the levels' maps.
  public func detect<V: Value>(levelMaps: [V], size: Grid) throws -> Detection<V> {
    var map: V?
    var smooth: V?
    for level in levelMaps {
      let up = SeparableFilter(
        rows: .bilinear(from: level.shape[2], to: size.height),
        columns: .bilinear(from: level.shape[3], to: size.width))
      let blurred = up.followed(
        rows: .gaussian(size: size.height, sigma: settings.smoothing),
        columns: .gaussian(size: size.width, sigma: settings.smoothing))
      map = try map.map { try $0 + up(level) } ?? up(level)
      smooth = try smooth.map { try $0 + blurred(level) } ?? blurred(level)
    }
    guard let map, let smooth else { throw NetworkError("RLR needs at least one level") }
    let (batch, share) = (map.shape[0], 1 / Float(levelMaps.count))
    let pixels = try map.affine(scale: share, offset: 0)
      .reshaped([batch, size.height, size.width])
    let sum =
      switch score {
      case .maximum: try smooth.maximum(axes: [1, 2, 3])
      case .top(let part): try PictureScore.top(part, of: smooth.reshaped([batch, size.count]))
      }
    return try Detection(
      map: pixels,
      score: sum.affine(scale: share, offset: 0).reshaped([batch]))
  }
}

/// Where the attentions of one token look, each the mean over layers and heads: `[1, 1, 1, N]`, with a
/// sum of 1. Nil where the network has no such attention, or the token sees nothing by it.
public struct RLRLook<V: Value> {
  /// At the reference beyond the token's window (RLR eqs 7–9).
  public let mlka: V?
  /// At the reference within it (RLR eqs 10–12).
  public let lca: V?
}

extension RLRLevel {
  /// What a level makes of features as in training, without jitter: `[1, C, H, W]` → `[1, H·W, C]`.
  public func reconstruction(_ features: V) throws -> V {
    try reconstruction(features, noise: nil)
  }

  /// Where the token in `row` and `column` looks when a picture is rebuilt.
  ///
  /// - Parameter features: of one picture, `[1, C, H, W]`.
  public func look(_ features: V, row: Int, column: Int) throws -> RLRLook<V> {
    guard let learned = try embeddedReference() else { return RLRLook(mlka: nil, lca: nil) }
    let token = row * grid.width + column
    let near = (0..<grid.count).map { key in
      max(abs(key / grid.width - row), abs(key % grid.width - column))
    }
    var (mlka, lca): (V?, V?)
    var x = try embedded(features.tokens())
    for layer in layers {
      let query = try x.sliced(axis: 1, token..<token + 1)
      func look(_ attention: MultiHeadAttention<V>?, sees: (Int) -> Bool) throws -> V? {
        guard let attention, near.contains(where: sees) else { return nil }
        let bias = try x.constant(
          near.map { sees($0) ? 0 : MaskPattern.hidden }, shape: [1, 1, 1, near.count])
        return try attention.look(query: query, keys: learned, bias: bias)
          .affine(scale: 1 / Float(layers.count), offset: 0)
      }
      let reach = layer.windows.side / 2
      let beyond = try look(layer.mlka) { $0 > reach }
      let within = try look(layer.lca) { $0 <= reach }
      mlka = try mlka.flatMap { sum in try beyond.map { try sum + $0 } } ?? beyond
      lca = try lca.flatMap { sum in try within.map { try sum + $0 } } ?? within
      x = try layer(x, reference: learned)
    }
    return RLRLook(mlka: mlka, lca: lca)
  }
}
