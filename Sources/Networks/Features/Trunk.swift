/// The frozen half of a detector: a backbone and what makes features of its levels; for an ensemble several
/// of these, beside each other (``parts``).
public struct Trunk: Sendable {
  public enum Arrangement: Equatable, Sendable {
    /// One map: the levels on one grid, their channels stacked (RAS, UniAD).
    case aligned(pools: Bool, grid: AlignedGrid = .coarsest)
    /// Each level on its own grid (RLR).
    case levels(pools: Bool)
    /// Each level on the coarsest grid and, where the backbone has tokens that are no patches, their mean
    /// over all blocks as one more map, `[batch, C, 1, tokens]` (Dinomaly).
    case tokens(pools: Bool)
  }

  public let specification: any BackboneSpecification
  /// The blocks that are tapped, level by level.
  public let taps: LevelTaps
  public let padding: BackbonePadding
  /// Side of the square picture, in pixels.
  public let imageSize: Int
  public let arrangement: Arrangement
  /// Trunks that see the same picture; their maps come after this one's own.
  private var beside: [Trunk] = []
  /// Channels and grid of each tapped level.
  public let levels: [MapShape]
  /// Of the one map of aligned levels.
  private let alignedGrid: Grid

  /// - Parameter taps: nil for the backbone's usual levels.
  /// - Throws: when the backbone has no such taps, or the picture is too small to leave a grid, or is not of
  ///   a size that the backbone takes, or the levels cannot be aligned on the grid.
  public init(
    _ specification: any BackboneSpecification, taps: LevelTaps? = nil,
    padding: BackbonePadding = .nominal, imageSize: Int, arrangement: Arrangement
  ) throws {
    let taps = taps ?? specification.defaultLevels
    try specification.check(levels: taps)
    guard imageSize >= 32 else {
      throw NetworkError("an image size of \(imageSize) pixels is too small; at least 32 is needed")
    }
    if let problem = specification.problem(ofPictureSide: imageSize) { throw NetworkError(problem) }
    self.specification = specification
    self.taps = taps
    self.padding = padding
    self.imageSize = imageSize
    self.arrangement = arrangement
    levels = taps.groups.compactMap(\.first).map { tap in
      let side = specification.mapSize(ofBlock: tap, imageSize: imageSize, padding: padding)
      return MapShape(
        channels: specification.outputChannels(ofBlock: tap), grid: Grid(height: side, width: side))
    }
    switch arrangement {
    case .aligned(_, let grid): alignedGrid = try grid.grid(among: levels.map(\.grid))
    case .levels, .tokens:
      alignedGrid = try AlignedGrid.coarsest.grid(among: levels.map(\.grid))
    }
  }

  /// How many times smaller than the picture each level is.
  public var strides: [Int] {
    taps.groups.compactMap(\.first).map { specification.stride(ofBlock: $0) }
  }

  /// Channels and grid of each map that the trunk gives, one part's after the other's.
  public var outputs: [MapShape] {
    parts.flatMap { part in part.ownMaps + (part.prefix.map { [$0] } ?? []) }
  }

  /// The same without the tokens that are no patches: what has places in the picture.
  public var maps: [MapShape] { parts.flatMap(\.ownMaps) }

  private var ownMaps: [MapShape] {
    switch arrangement {
    case .levels: levels
    case .aligned:
      [MapShape(channels: levels.reduce(0) { $0 + $1.channels }, grid: alignedGrid)]
    case .tokens: levels.map { MapShape(channels: $0.channels, grid: alignedGrid) }
    }
  }

  /// The tokens that are no patches, as a map of one row; nil where the trunk does not give them.
  public var prefix: MapShape? {
    guard case .tokens = arrangement, specification.prefixTokens > 0, let level = levels.first
    else { return nil }
    return MapShape(
      channels: level.channels, grid: Grid(height: 1, width: specification.prefixTokens))
  }

  /// Features of pictures.
  ///
  /// - Parameters:
  ///   - pictures: `[batch, S, S, 3]`, RGB from 0 to 255.
  ///   - parameters: the backbone's, batch norms folded; those of further parts with their prefixes
  ///     (``parameterScope(ofPart:)``).
  /// - Returns: one map `[batch, C, h, w]` for each of `outputs`.
  public func callAsFunction<V: Value>(
    _ pictures: V, parameters: Parameters<V>
  ) throws -> [V] {
    try parts.enumerated().flatMap { index, part in
      let own = parameterScope(ofPart: index).map(parameters.scope) ?? parameters
      return try part.own(pictures, own)
    }
  }

  /// The maps of the first part. Its parameters are asked for before the pictures are looked at: graphs of
  /// before are recorded to the same bytes.
  private func own<V: Value>(_ pictures: V, _ parameters: Parameters<V>) throws -> [V] {
    let normalization = specification.normalization
    guard let prefix else {
      return try arranged(backbone(parameters)(normalization.normalized(pictures)))
    }
    let (maps, prefixes) = try specification.tokenNetwork(
      taps: taps.blocks, padding: padding, parameters: parameters)(
        normalization.normalized(pictures))
    let tokens = try taps.mean(ofLevels: taps.levels(of: prefixes))
    return try arranged(taps.levels(of: maps)) + [tokens.featureMap(prefix.grid)]
  }

  /// The backbone itself, of several the first, from normalised pictures `[batch, 3, S, S]` to its levels.
  public func backbone<V: Value>(_ parameters: Parameters<V>) throws -> (V) throws -> [V] {
    let network = try specification.network(
      taps: taps.blocks, padding: padding, parameters: parameters)
    return { [taps] pictures in try taps.levels(of: network(pictures)) }
  }

  /// The levels of ``backbone(_:)`` as the method takes them.
  public func arranged<V: Value>(_ levels: [V]) throws -> [V] {
    switch arrangement {
    case .aligned(let pools, _):
      return [try FeatureAlignment(grid: alignedGrid, pools: pools)(levels)]
    case .levels(let pools):
      guard pools else { return levels }
      return try levels.map { try $0.averagePooled(kernel: 3, stride: 1, padding: 1) }
    case .tokens(let pools):
      let alignment = FeatureAlignment(grid: alignedGrid, pools: pools)
      return try levels.map { try alignment([$0]) }
    }
  }
}

extension Trunk {
  /// This trunk with others beside it.
  ///
  /// - Throws: when they take pictures of another size.
  public func joined(by others: [Trunk]) throws -> Trunk {
    for other in others where other.imageSize != imageSize {
      throw NetworkError(
        "trunks beside each other see pictures of one size, not of \(imageSize) and "
          + "\(other.imageSize) pixels")
    }
    var trunk = self
    trunk.beside += others.flatMap(\.parts)
    return trunk
  }

  /// Its trunks, each by itself; one for most methods, and then the trunk itself.
  public var parts: [Trunk] {
    guard !beside.isEmpty else { return [self] }
    var first = self
    first.beside = []
    return [first] + beside
  }

  /// The scope of the parameters of part `index`; nil for those without a prefix. Parts of one backbone,
  /// tapped or arranged otherwise, have the same parameters, so that a graph runs what they share once.
  public func parameterScope(ofPart index: Int) -> String? {
    let name = parts[index].specification.name
    let owner = parts.firstIndex { $0.specification.name == name } ?? index
    return owner == 0 ? nil : "\(owner)"
  }
}

extension Trunk.Arrangement: CustomStringConvertible {
  /// Names it in the keys of stored features: the usual grid goes without saying, as before there was another.
  public var description: String {
    switch self {
    case .aligned(let pools, .coarsest): "aligned(pools: \(pools))"
    case .aligned(let pools, let grid): "aligned(pools: \(pools), grid: \(grid.yaml))"
    case .levels(let pools): "levels(pools: \(pools))"
    case .tokens(let pools): "tokens(pools: \(pools))"
    }
  }
}

/// Brings a backbone's levels to one grid and stacks their channels (RAS §3.2, UniAD §3).
public struct FeatureAlignment: Equatable, Sendable {
  public var grid: Grid
  /// 3×3 average pooling, stride 1, zero padding counted, before the resize: RAS, not UniAD.
  public var pools: Bool

  public init(grid: Grid, pools: Bool) {
    self.grid = grid
    self.pools = pools
  }

  /// Levels `[batch, C_i, h_i, w_i]` → `[batch, ΣC_i, h, w]`.
  public func callAsFunction<V: Value>(_ levels: [V]) throws -> V {
    let aligned = try levels.map { level in
      let smooth = pools ? try level.averagePooled(kernel: 3, stride: 1, padding: 1) : level
      let fits = smooth.shape[2] == grid.height && smooth.shape[3] == grid.width
      return fits ? smooth : try smooth.resized(height: grid.height, width: grid.width)
    }
    return try aligned.count == 1 ? aligned[0] : V.concatenated(aligned, axis: 1)
  }
}

/// Features with mean 0 and deviation 1 in each channel, by statistics of the training pictures.
public struct Standardization: Equatable, Sendable, Codable {
  public var mean: [Float]
  public var deviation: [Float]

  public init(mean: [Float], deviation: [Float]) {
    self.mean = mean
    self.deviation = deviation
  }

  /// By statistics of training pictures. A channel that hardly varies in them is divided by ``floor`` of
  /// the median deviation: by its own, the first grain of noise in it would decide over all others.
  public init(statistics: (mean: [Float], deviation: [Float])) {
    let least = Self.least(statistics.deviation)
    self.init(mean: statistics.mean, deviation: statistics.deviation.map { max($0, least) })
  }

  /// The share of the median deviation that counts as a channel's deviation at the least.
  public static let floor: Float = 0.05

  private static func least(_ deviations: [Float]) -> Float {
    deviations.isEmpty ? 0 : floor * deviations.sorted()[deviations.count / 2]
  }

  /// The channels that hardly vary.
  public static func constant(in deviations: [Float]) -> [Int] {
    let least = least(deviations)
    return deviations.indices.filter { deviations[$0] < least }
  }

  /// `[batch, C, h, w]`, standardised.
  public func callAsFunction<V: Value>(_ features: V) throws -> V {
    let shape = [1, mean.count, 1, 1]
    let scale = deviation.map { 1 / max($0, 1e-6) }
    let offset = zip(mean, scale).map { -$0 * $1 }
    return try features * features.constant(scale, shape: shape)
      + features.constant(offset, shape: shape)
  }
}
