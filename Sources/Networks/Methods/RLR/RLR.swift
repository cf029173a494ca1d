/// One feature level of RLR and the size of the network that rebuilds it.
public struct RLRLevelShape: Equatable, Sendable {
  /// Channels C of the level.
  public var channels: Int
  public var grid: Grid
  /// Latent width D.
  public var hidden: Int
  /// Side of the window: MLKA does not see it, LCA sees nothing else.
  public var window: Int

  public init(channels: Int, grid: Grid, hidden: Int, window: Int) {
    (self.channels, self.grid) = (channels, grid)
    (self.hidden, self.window) = (hidden, window)
  }
}

/// Reconstruction from a learnable reference (RLR): each level is rebuilt by a network of its own, in
/// layers whose attention has no shortcut past it, out of a reference that has learned what is normal.
public struct RLR<V: Value> {
  public let levels: [RLRLevel<V>]

  /// - Parameter levels: finest first.
  public init(
    _ settings: RLRSettings, levels: [RLRLevelShape], _ parameters: Parameters<V>
  ) throws {
    self.levels = try levels.enumerated().map { index, level in
      try RLRLevel(settings, level, parameters.scope("\(index)"))
    }
  }

  /// The rebuilt levels.
  ///
  /// - Parameters:
  ///   - features: one map `[batch, C, H, W]` for each level.
  ///   - noise: where jitter is drawn from while training; nil otherwise.
  /// - Returns: as tokens, `[batch, H·W, C]`.
  public func reconstructions(
    _ features: [V], noise: TrainingNoise<V>? = nil
  ) throws -> [V] {
    guard features.count == levels.count else {
      throw NetworkError("RLR of \(levels.count) levels was given \(features.count) feature maps")
    }
    return try zip(levels, features).map { try $0.reconstruction($1, noise: noise) }
  }
}

/// The network of one level.
public struct RLRLevel<V: Value> {
  public let grid: Grid
  let jitter: Float
  let bottleneckDropout: Float
  let embed: Linear<V>
  let positions: V
  /// What the level has learned as normal, and its embedding; nil in the ablation without.
  let reference: (features: V, embed: Linear<V>)?
  let layers: [RLRLayer<V>]
  let norm: LayerNorm<V>
  let output: Linear<V>

  init(
    _ c: RLRSettings, _ level: RLRLevelShape, _ parameters: Parameters<V>
  ) throws {
    let (channels, width) = (level.channels, level.hidden)
    func embedding(_ name: String) throws -> Linear<V> {
      try Linear(
        parameters.scope(name), from: channels, to: width,
        initializer: .kaimingNormal(fanIn: channels), biasInitializer: .fanInUniform(channels))
    }
    grid = level.grid
    jitter = Float(c.jitter)
    bottleneckDropout = Float(c.bottleneckDropout)
    embed = try embedding("embed")
    positions = try SinePositions(grid: level.grid, width: width)(like: embed.weight)
    reference =
      c.usesReference
      ? try (
        features: parameters(
          "reference", [1, level.grid.count, channels], .normal(mean: 0, deviation: 1)),
        embed: embedding("embed_reference")
      ) : nil
    let windows = try RLRWindows(c, level, like: embed.weight)
    layers = try (0..<c.layers).map {
      try RLRLayer(c, width: width, windows: windows, parameters.scope("layers.\($0)"))
    }
    norm = try LayerNorm(parameters.scope("norm"), width: width)
    output = try .asInPyTorch(parameters.scope("output"), from: width, to: channels)
  }

  /// `[batch, C, H, W]` → the rebuilt features as tokens, `[batch, H·W, C]`.
  func reconstruction(_ features: V, noise: TrainingNoise<V>?) throws -> V {
    var tokens = try features.tokens()
    if let noise {
      tokens = try tokens.jittered(by: noise.normal(tokens.shape), scale: jitter)
    }
    let bottleneck = noise?.dropout(bottleneckDropout)
    let learned = try embeddedReference()
    var x = try embedded(tokens, bottleneck)
    for layer in layers { x = try layer(x, reference: learned) }
    return try output(norm(x))
  }

  /// - Parameter dropout: on both sides of the first layer.
  func embedded(_ tokens: V, _ dropout: Dropout<V>? = nil) throws -> V {
    try dropout(embed(dropout(tokens))) + positions
  }

  /// The same for all pictures: a batch of 1, in every layer.
  func embeddedReference() throws -> V? {
    try reference.map { try $0.embed($0.features) + positions }
  }
}

/// Where a level's attentions look: shared by its layers, heads and pictures.
struct RLRWindows<V: Value> {
  /// Hides a token's neighbours (MLKA).
  let mask: AttentionMask<V>?
  /// Shows a token's neighbours (LCA).
  let window: WindowAttention<V>?
  /// Side of the windows.
  let side: Int

  init(_ c: RLRSettings, _ level: RLRLevelShape, like reference: V) throws {
    side = level.window
    mask =
      c.mlka
      ? try AttentionMask(
        MaskPattern(
          height: level.grid.height, width: level.grid.width, window: level.window),
        like: reference) : nil
    window =
      c.lca
      ? try WindowAttention(
        grid: level.grid, window: level.window, heads: c.heads, like: reference) : nil
  }
}

/// One layer: `x = LN(M + α·L); x = LN(x + FFN(x))` (RLR eqs 4 and 5).
struct RLRLayer<V: Value> {
  let selfAttention: MultiHeadAttention<V>?
  let crossAttention: MultiHeadAttention<V>?
  let mlka: MultiHeadAttention<V>?
  let lca: MultiHeadAttention<V>?
  let norm1: LayerNorm<V>
  let norm2: LayerNorm<V>
  let feedForward: FeedForward<V>
  let windows: RLRWindows<V>
  let residual: Bool
  let alpha: Float

  init(
    _ c: RLRSettings, width: Int, windows: RLRWindows<V>, _ parameters: Parameters<V>
  ) throws {
    func attention(
      _ name: String, _ isUsed: Bool, start: Float = 1
    ) throws -> MultiHeadAttention<V>? {
      guard isUsed else { return nil }
      return try MultiHeadAttention(
        parameters.scope(name), width: width, heads: c.heads,
        outputInitializer: .fanInUniform(width, scale: start))
    }
    selfAttention = try attention("self_attention", c.selfAttention)
    let isAlone = !(c.selfAttention || c.crossAttention || c.lca)
    mlka = try attention("mlka", c.mlka, start: isAlone ? 1 : Float(c.mlkaStart))
    crossAttention = try attention("cross_attention", c.crossAttention)
    lca = try attention("lca", c.lca)
    norm1 = try LayerNorm(parameters.scope("norm1"), width: width)
    norm2 = try LayerNorm(parameters.scope("norm2"), width: width)
    feedForward = try .asInPyTorch(
      parameters, width: width, inner: c.feedforward * width, activation: .gelu)
    self.windows = windows
    (residual, alpha) = (c.residual, Float(c.alpha))
  }

  /// - Parameters:
  ///   - x: `[batch, N, D]`.
  ///   - reference: embedded, `[1, N, D]`.
  func callAsFunction(_ x: V, reference: V?) throws -> V {
    let carried = try Self.sum([
      selfAttention.map { try $0(queries: x, keys: x, values: x) },
      mlka.flatMap { mlka in
        try reference.map { try mlka(queries: x, keys: $0, values: x, mask: windows.mask) }
      },
    ])
    let learned = try reference.flatMap { reference in
      try Self.sum([
        crossAttention.map { try $0(queries: x, keys: reference, values: reference) },
        lca.flatMap { lca in
          try windows.window.map {
            try lca(queries: x, keys: reference, values: reference, window: $0)
          }
        },
      ])
    }
    // α weighs one against the other; alone, neither needs a weight.
    let weighted = carried == nil ? learned : try learned?.affine(scale: alpha, offset: 0)
    guard let attended = try Self.sum([carried, weighted, residual ? x : nil]) else {
      throw NetworkError("RLR needs at least one attention")
    }
    let u = try norm1(attended)
    return try norm2(u + feedForward(u))
  }

  private static func sum(_ parts: [V?]) throws -> V? {
    let parts = parts.compactMap { $0 }
    return try parts.dropFirst().reduce(parts.first) { sum, part in try sum.map { try $0 + part } }
  }
}
