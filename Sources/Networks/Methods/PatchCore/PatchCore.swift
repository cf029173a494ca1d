/// PatchCore as a detector (Roth et al., "Towards Total Recall in Industrial Anomaly Detection", 2022):
/// a bank of patches of normal pictures, and for each patch of a picture its distance to the nearest of
/// the bank. Nothing is trained; the bank is a coreset of all patches that the fit saw.
///
/// The features are the aligned ones of the other methods: 3×3 average pooling, which makes a patch
/// locally aware (§3.1), and the levels' channels stacked.
///
/// The search is exact and part of the network: ‖x − m‖² = ‖x‖² − (2x·m − ‖m‖²), so that the nearest of
/// the bank is the largest of one matrix product with a bias. It therefore trains nothing, exports like
/// every other method, runs wherever the graph does, and finds the same in each engine. A vector-search
/// library would come as a second file with code of its own, only in this process, and its index answers
/// approximately; its gain is in banks of millions, where a product of 196 × 272 × 40,000 numbers a
/// picture, which an engine does in milliseconds, would no longer do.
public struct PatchCoreMethod: AlignedFeatureMethod, DefinedMethod, Equatable {
  public static let name = "patchcore"
  public static let title = "PatchCore"
  /// Distances weigh every channel alike only where all have the same deviation.
  public static let trunkDefaults = TrunkDefaults(standardizes: true)

  public var settings: PatchCoreSettings
  /// Of the aligned features.
  public let shape: MapShape
  public var score: PictureScore

  public init(
    _ settings: PatchCoreSettings = PatchCoreSettings(), shape: MapShape,
    score: PictureScore = .maximum(pooling: 16)
  ) {
    (self.settings, self.shape, self.score) = (settings, shape, score)
  }

  public init(_ settings: PatchCoreSettings, trunk: Trunk, context: MethodContext) throws {
    self.init(
      settings, shape: try Self.alignedOutput(trunk), score: context.score)
  }

  public static func check(
    _ settings: PatchCoreSettings, in context: MethodContext, _ check: inout SettingCheck
  ) {
    if context.inspectsInBF16 {
      check.add(
        "scoring.precision",
        "patchcore's distances are small differences of large numbers, which bf16 rounds away; f32")
    }
    if settings.byCategory, settings.score == .reweighted {
      check.add(
        "patchcore.score",
        "reweighted looks at the neighbours within one bank, and byCategory has several; pooled")
    }
    if context.folds > 0, settings.share > 0.5 {
      check.add(
        "patchcore.share",
        "\(settings.share.yaml) is too much for cross-fitting: most pictures would find themselves "
          + "in the bank; up to 0.5, or hold pictures out")
    }
  }

  /// Channels C of the aligned features.
  public var channels: Int { shape.channels }
  public var grid: Grid { shape.grid }
  public var smoothing: Double { settings.smoothing }

  /// Parameters: `bank`, `[patches, C]`, or one for each category (``CategoryBanks``), relative to `centre`, `[C]`: what is subtracted on both sides
  /// changes no distance, and small numbers keep the digits of their difference.
  public func detect<V: Value>(
    _ features: [V], size: Grid, parameters: Parameters<V>
  ) throws -> Detection<V> {
    let centre = try parameters("centre", [channels], .zeros)
    let tokens = try Self.aligned(features).tokens() - centre.reshaped([1, 1, channels])
    if settings.byCategory {
      let squares = try CategoryBanks(parameters, channels: channels).squaredDistances(of: tokens)
      return try detect(anomalyMap: squares.squareRoot().featureMap(grid), size: size)
    }
    let bank = try parameters("bank", [-1, channels], .zeros)
    let patches = try PatchBank(bank)
    let squares = try patches.squaredDistances(toNearestOf: tokens)
    var detection = try detect(
      anomalyMap: squares.squareRoot().featureMap(grid), size: size)
    if settings.score == .reweighted {
      detection.score = try patches.reweightedScore(
        of: tokens, squares: squares, neighbours: settings.neighbours)
    }
    return detection
  }

  /// The squared distance of each of `vectors`, `[batch, N, C]`, to the nearest row of `bank`,
  /// `[M, C]`: `[batch, N, 1]`.
  public static func squaredDistances<V: Value>(of vectors: V, toNearestOf bank: V) throws -> V {
    try PatchBank(bank).squaredDistances(toNearestOf: vectors)
  }
}

/// PatchCore's bank, `[M, C]`, as what distances to it are computed with: 2m and −‖m‖² of each patch m, a
/// tile of the bank after the other.
struct PatchBank<V: Value> {
  private struct Tile {
    /// 2m, `[patches, C]`.
    let doubled: V
    /// −‖m‖², `[patches]`.
    let squares: V
    let range: Range<Int>
  }

  private let tiles: [Tile]
  /// M.
  private let count: Int

  /// Patches that are multiplied at once: their products stay in the processor's cache.
  private static var tile: Int { 4096 }

  init(_ bank: V) throws {
    let count = bank.shape[0]
    self.count = count
    tiles = try stride(from: 0, to: count, by: Self.tile).map { first in
      let range = first..<min(first + Self.tile, count)
      let part = try bank.sliced(axis: 0, range)
      return Tile(
        doubled: try part.affine(scale: 2, offset: 0),
        squares: try (part * part).sum(axes: [1]).affine(scale: -1, offset: 0)
          .reshaped([range.count]),
        range: range)
    }
  }

  /// 2x·m − ‖m‖² of each of `vectors`, `[batch, N, C]`, with each patch: `[batch, N, patches]` a tile,
  /// the larger the nearer.
  private func closeness(of vectors: V) throws -> [V] {
    try tiles.map { try vectors.linear(weight: $0.doubled, bias: $0.squares) }
  }

  /// The squared distance of each of `vectors`, `[batch, N, C]`, to the nearest patch: `[batch, N, 1]`.
  func squaredDistances(toNearestOf vectors: V) throws -> V {
    let closest = try closeness(of: vectors).map { try $0.maximum(axes: [2]) }
    let nearest =
      try closest.count == 1
      ? closest[0] : V.concatenated(closest, axis: 2).maximum(axes: [2])
    return try (Self.squared(vectors) - nearest).relu()
  }

  /// The reweighted score of pictures, `[batch]` (Roth et al., 2022, equations 6 and 7):
  /// s = (1 − exp d(x, m) / Σ exp d(x, n)) · d(x, m), where x is the picture's patch that is farthest from
  /// the bank, m the patch of the bank nearest to it, and n runs through the patches of the bank nearest
  /// to m, m among them. An x beside a rare patch, whose neighbours are far from x too, scores higher.
  ///
  /// - Parameters:
  ///   - tokens: the pictures' patches, `[batch, N, C]`.
  ///   - squares: their squared distances to the nearest of the bank, `[batch, N, 1]`.
  ///   - neighbours: how many patches n there are; of a smaller bank all.
  func reweightedScore(of tokens: V, squares: V, neighbours: Int) throws -> V {
    let largest = try squares.maximum(axes: [1])
    let farthest = try (tokens * Self.mean(at: squares.isLargest(largest), axis: 1)).sum(axes: [1])
    let closeness = try all(closeness(of: farthest))
    let nearest = try Self.mean(
      at: closeness.isLargest(closeness.maximum(axes: [2])), axis: 2)
    let hood = try neighbourhood(of: patch(at: nearest), count: min(neighbours, count))
    let distances = try (Self.squared(farthest) - closeness).relu().squareRoot()
    // What is not a neighbour weighs exp(−∞) = 0.
    let shares = try (distances + hood.logarithm()).softmax(axis: 2)
    let share = try (shares * nearest).sum(axes: [2])
    return try (share.affine(scale: -1, offset: 1) * largest.squareRoot())
      .reshaped([tokens.shape[0]])
  }

  /// 1 at the `count` patches nearest to a vector, `[batch, 1, C]`, and 0 elsewhere: `[batch, 1, M]`. Of
  /// patches equally far all are taken.
  private func neighbourhood(of vector: V, count: Int) throws -> V {
    var left = try all(closeness(of: vector))
    var hood: V?
    for _ in 0..<count {
      let found = try left.isLargest(left.maximum(axes: [2]))
      hood = try hood.map { try $0 + found } ?? found
      // Beyond anything that a distance of features can be.
      left = try left - found.affine(scale: 1e12, offset: 0)
    }
    // Where many are equally far, the last ones may be found again; none counts twice.
    return try (hood ?? left).affine(scale: -1, offset: 1).relu().affine(scale: -1, offset: 1)
  }

  /// The patch at which `weights`, `[batch, 1, M]`, are 1: `[batch, 1, C]`.
  private func patch(at weights: V) throws -> V {
    let batch = weights.shape[0]
    let parts = try tiles.map { tile in
      // The bank as the distances have it, so that a graph holds it once.
      try tile.doubled.permuted([1, 0]).matmul(
        weights.sliced(axis: 2, tile.range).reshaped([batch, tile.range.count, 1]))
    }
    let sum = try parts.dropFirst().reduce(parts[0]) { try $0 + $1 }
    return try sum.affine(scale: 0.5, offset: 0).permuted([0, 2, 1])
  }

  private func all(_ parts: [V]) throws -> V {
    try parts.count == 1 ? parts[0] : V.concatenated(parts, axis: 2)
  }

  /// ‖x‖², `[batch, N, 1]`.
  private static func squared(_ vectors: V) throws -> V {
    try (vectors * vectors).sum(axes: [2])
  }

  /// Ones and zeros divided by how many ones there are: of places equally far the mean.
  private static func mean(at ones: V, axis: Int) throws -> V {
    try ones / ones.sum(axes: [axis])
  }
}

extension Value {
  /// 1 where this value is `largest`, which it nowhere exceeds, and 0 elsewhere.
  func isLargest(_ largest: Self) throws -> Self {
    // Neighbouring floats differ by far more than 1e-20, unless they are as good as zero.
    try (self - largest).affine(scale: 1e20, offset: 1).relu()
  }
}
