/// Dinomaly's network: a bottleneck whose dropout is all the noise, and a decoder of linear attention that
/// rebuilds the levels' means out of their common mean. The last blocks rebuild the first level.
///
///     x   = bottleneck(mean of all blocks' tokens)     dropout → D→4D → GELU → dropout → 4D→D → dropout
///     d_k = block_k(d_{k−1})                           pre-norm, ε 1e-8, linear attention
///     the outputs: d_n … d_1 in as many groups as there are levels, each the mean of its group
///
/// Where levels have other widths than the network, one linear layer a level translates each way; the paper's
/// network has none.
public struct Dinomaly<V: Value> {
  public let shape: DinomalyShape
  let dropout: Float
  /// From each level's channels to the width; nil where they are the same.
  let embed: [Linear<V>]?
  let first: Linear<V>
  let second: Linear<V>
  let decoder: [LinearAttentionBlock<V>]
  /// From the width to each level's channels; nil where they are the same.
  let output: [Linear<V>]?

  /// ε of the layer norms.
  private static var epsilon: Float { 1e-8 }
  /// Of all weights.
  private static var initializer: Initializer { .truncatedNormal(deviation: 0.01, limit: 0.03) }

  /// - Throws: when heads do not divide the width, or there are fewer blocks than levels.
  public init(
    _ settings: DinomalySettings, shape: DinomalyShape, _ parameters: Parameters<V>
  ) throws {
    let width = settings.width(shape.channels)
    guard width.isMultiple(of: settings.headWidth) else {
      throw NetworkError(
        "Dinomaly's width of \(width) is not a multiple of its heads' width, dinomaly.headWidth "
          + "(\(settings.headWidth))")
    }
    guard !shape.channels.isEmpty, settings.decoder >= shape.channels.count else {
      throw NetworkError(
        "Dinomaly needs a decoder block for each level: there are \(shape.channels.count) levels and "
          + "\(settings.decoder) blocks; dinomaly.decoder and backbone.taps say how many")
    }
    self.shape = shape
    dropout = Float(settings.dropout)
    func linear(_ name: String, from inputs: Int, to outputs: Int) throws -> Linear<V> {
      try Linear(
        parameters.scope(name), from: inputs, to: outputs, initializer: Self.initializer)
    }
    let translates = shape.channels.contains { $0 != width }
    embed =
      translates
      ? try shape.channels.enumerated().map {
        try Linear<V>.asInPyTorch(parameters.scope("embed.\($0)"), from: $1, to: width)
      } : nil
    let inner = settings.feedforward * width
    first = try linear("bottleneck.fc1", from: width, to: inner)
    second = try linear("bottleneck.fc2", from: inner, to: width)
    decoder = try (0..<settings.decoder).map {
      try LinearAttentionBlock(
        parameters.scope("decoder.\($0)"), width: width, heads: width / settings.headWidth,
        inner: inner, epsilon: Self.epsilon, initializer: Self.initializer)
    }
    output =
      translates
      ? try shape.channels.enumerated().map {
        try Linear<V>.asInPyTorch(parameters.scope("output.\($0)"), from: width, to: $1)
      } : nil
  }

  /// What the decoder makes of the levels, `[batch, h·w, C]` each: patches alone.
  ///
  /// - Parameters:
  ///   - features: a map `[batch, C, h, w]` a level, then the tokens that are no patches, `[batch, C, 1, P]`,
  ///     where there are any.
  ///   - noise: where dropout is drawn from while training; nil otherwise.
  public func reconstructions(
    _ features: [V], noise: TrainingNoise<V>? = nil
  ) throws -> [V] {
    var tokens = try bottleneck(mixed(features), noise: noise)
    var outputs: [V] = []
    for block in decoder {
      tokens = try block(tokens)
      outputs.append(tokens)
    }
    let groups = LevelTaps(Array(outputs.indices.reversed()), inGroups: shape.channels.count)
    let (first, count) = (shape.prefix, shape.grid.count)
    return try groups.groups.enumerated().map { level, blocks in
      let sum = try blocks.dropFirst().reduce(outputs[blocks[0]]) { try $0 + outputs[$1] }
      let mean = try sum.affine(scale: 1 / Float(blocks.count), offset: 0)
      let patches = try mean.sliced(axis: 1, first..<first + count)
      return try output.map { try $0[level](patches) } ?? patches
    }
  }

  /// The mean over all blocks, `[batch, P + h·w, D]`.
  private func mixed(_ features: [V]) throws -> V {
    let wanted = shape.channels.count + (shape.prefix > 0 ? 1 : 0)
    guard features.count == wanted else {
      throw NetworkError("Dinomaly of \(wanted) maps was given \(features.count)")
    }
    let levels = try zip(features, shape.channels.indices).map { map, level in
      let tokens = try map.tokens()
      return try embed.map { try $0[level](tokens) } ?? tokens
    }
    let patches = try shape.taps.mean(ofLevels: levels)
    guard shape.prefix > 0, let last = features.last else { return patches }
    // All levels of a backbone with such tokens are of one width.
    let prefix = try last.tokens()
    return try V.concatenated([embed.map { try $0[0](prefix) } ?? prefix, patches], axis: 1)
  }

  private func bottleneck(_ tokens: V, noise: TrainingNoise<V>?) throws -> V {
    let dropout = noise?.dropout(self.dropout)
    return try dropout(second(dropout(first(dropout(tokens)).gelu())))
  }
}

/// The features that a Dinomaly is made for.
public struct DinomalyShape: Equatable, Sendable {
  /// Of each level, all on one grid.
  public var channels: [Int]
  public var grid: Grid
  /// Tokens that are no patches.
  public var prefix: Int
  /// The blocks whose mean each level is.
  public var taps: LevelTaps

  public init(channels: [Int], grid: Grid, prefix: Int, taps: LevelTaps) {
    (self.channels, self.grid, self.prefix, self.taps) = (channels, grid, prefix, taps)
  }

  /// What `trunk` gives.
  init(_ trunk: Trunk) throws {
    guard case .tokens = trunk.arrangement, let grid = trunk.maps.first?.grid else {
      throw NetworkError("Dinomaly takes levels on one grid and tokens; the trunk gives others")
    }
    self.init(
      channels: trunk.maps.map(\.channels), grid: grid, prefix: trunk.prefix?.grid.count ?? 0,
      taps: trunk.taps)
  }
}

/// Dinomaly as a detector: at each position the mean over levels of 1 − cos, brought to picture size with
/// aligned corners and smoothed; the image score is the mean of the map's largest values.
public struct DinomalyMethod: DefinedMethod, Equatable {
  public static let name = "dinomaly"
  public static let title = "Dinomaly"
  /// Levels are as the vision transformer gives them.
  public static let trunkDefaults = TrunkDefaults(pools: false, backbone: "dinov2_vits14")
  public static let scoresByTop = true

  public var settings: DinomalySettings
  public let shape: DinomalyShape
  public var score: PictureScore

  public init(
    _ settings: DinomalySettings = DinomalySettings(), shape: DinomalyShape,
    score: PictureScore = .top(share: 0.01)
  ) {
    (self.settings, self.shape, self.score) = (settings, shape, score)
  }

  public init(_ settings: DinomalySettings, trunk: Trunk, context: MethodContext) throws {
    self.init(settings, shape: try DinomalyShape(trunk), score: context.score)
  }

  public static func requiredFeatures(_ settings: DinomalySettings) -> RequiredFeatures { .tokens }

  public func detect<V: Value>(
    _ features: [V], size: Grid, parameters: Parameters<V>
  ) throws -> Detection<V> {
    let map = try anomalyMap(features, Dinomaly(settings, shape: shape, parameters))
    let filter = filter(size)
    let pixels = try filter(map).reshaped([map.shape[0], size.height, size.width])
    return try Detection(map: pixels, score: score(map, enlargedBy: filter, pixels: pixels))
  }

  /// The mean over levels of 1 − cos, on the features' grid: `[batch, 1, h, w]`.
  public func anomalyMap<V: Value>(_ features: [V], _ network: Dinomaly<V>) throws -> V {
    let distances = try zip(features, network.reconstructions(features)).map {
      // Lengths and angles want more than a brain float's eight bits.
      try $0.tokens().cosineDistance($1.toFloat())
    }
    guard let first = distances.first else { throw NetworkError("Dinomaly needs a level") }
    return try distances.dropFirst().reduce(first) { try $0 + $1 }
      .affine(scale: 1 / Float(distances.count), offset: 0).featureMap(shape.grid)
  }

  /// What brings a map of the grid to picture size, and smooths it.
  private func filter(_ size: Grid) -> SeparableFilter {
    let up = SeparableFilter(
      rows: .bilinear(from: shape.grid.height, to: size.height),
      columns: .bilinear(from: shape.grid.width, to: size.width))
    guard let down = settings.gaussian(side: size.height),
      let across = settings.gaussian(side: size.width)
    else { return up }
    return up.followed(
      rows: .gaussian(size: size.height, sigma: down.sigma, radius: down.radius),
      columns: .gaussian(size: size.width, sigma: across.sigma, radius: across.radius))
  }
}
