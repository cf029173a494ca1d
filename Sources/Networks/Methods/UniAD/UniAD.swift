/// UniAD (You et al., "A Unified Model for Multi-class Anomaly Detection", 2022): a transformer whose
/// decoder asks for the normal features by a learned query in each layer, while no attention sees a
/// token's own neighbourhood.
public struct UniAD<V: Value>: ReconstructingNetwork {
  public let settings: UniADSettings
  let input: Linear<V>
  let positions: LearnedPositions<V>
  let encoder: [TransformerBlock<V>]
  let decoder: [UniADDecoderLayer<V>]
  let norm: LayerNorm<V>
  let output: Linear<V>
  let mask: AttentionMask<V>?

  /// - Parameter shape: of the aligned features.
  public init(
    _ settings: UniADSettings, shape: MapShape, _ parameters: Parameters<V>
  ) throws {
    let (c, grid) = (settings, shape.grid)
    self.settings = settings
    guard c.decoder > 0 else { throw NetworkError("UniAD needs at least one decoder layer") }
    input = try Linear(parameters.scope("input"), from: shape.channels, to: c.hidden)
    positions = try LearnedPositions(parameters.scope("positions"), grid: grid, width: c.hidden)
    encoder = try (0..<c.encoder).map {
      try TransformerBlock(
        parameters.scope("encoder.\($0)"), width: c.hidden, heads: c.heads, inner: c.feedforward)
    }
    // The queries begin equal in all layers, as RAS's contexts do.
    let firstQuery = parameters.fullName("decoder.0.query")
    decoder = try (0..<c.decoder).map {
      try UniADDecoderLayer(
        c, tokens: grid.count, parameters.scope("decoder.\($0)"),
        query: $0 == 0 ? nil : firstQuery)
    }
    norm = try LayerNorm(parameters.scope("norm"), width: c.hidden)
    output = try Linear(parameters.scope("output"), from: c.hidden, to: shape.channels)
    mask =
      c.window > 0 && c.masksAnything
      ? try AttentionMask(
        MaskPattern(height: grid.height, width: grid.width, window: c.window), like: input.weight)
      : nil
  }

  public func reconstruction(_ features: V, noise: TrainingNoise<V>? = nil) throws -> V {
    let c = settings
    var tokens = try features.tokens()
    if let noise {
      tokens = try tokens.jittered(by: noise.normal(tokens.shape), scale: Float(c.jitter))
    }
    let dropout = noise?.dropout(Float(c.dropout))
    let bottleneck = noise?.dropout(Float(c.bottleneckDropout))
    let position = try positions()
    var encoded = try bottleneck(input(bottleneck(tokens)))
    for block in encoder {
      let located = try encoded + position
      encoded = try block(
        residual: encoded, queries: located, keys: located, values: encoded,
        mask: c.maskEncoder ? mask : nil, dropout: dropout)
    }
    var decoded = encoded
    for layer in decoder {
      decoded = try layer(
        encoded: encoded, previous: decoded, position: position,
        masks: (c.maskSelf ? mask : nil, c.maskCross ? mask : nil),
        dropout: dropout)
    }
    return try output(norm(decoded))
  }
}

/// A layer of the layer-wise query decoder (UniAD §3.2).
struct UniADDecoderLayer<V: Value> {
  let query: V
  let selfAttention: MultiHeadAttention<V>
  let crossAttention: MultiHeadAttention<V>
  let norms: [LayerNorm<V>]
  let feedForward: FeedForward<V>

  /// - Parameter other: the full name of the query that this one begins equal to, if any.
  init(
    _ c: UniADSettings, tokens: Int, _ parameters: Parameters<V>, query other: String?
  ) throws {
    query = try parameters(
      "query", [tokens, c.hidden],
      other.map(Initializer.copy(of:)) ?? .normal(mean: 0, deviation: 1))
    selfAttention = try MultiHeadAttention(
      parameters.scope("self_attention"), width: c.hidden, heads: c.heads)
    crossAttention = try MultiHeadAttention(
      parameters.scope("cross_attention"), width: c.hidden, heads: c.heads)
    norms = try (1...3).map { try LayerNorm(parameters.scope("norm\($0)"), width: c.hidden) }
    feedForward = try FeedForward(parameters, width: c.hidden, inner: c.feedforward)
  }

  /// t = LN(q + MHA(q+pos, E+pos, E)); t = LN(t + MHA'(t+pos, P+pos, P)); LN(t + FFN(t)), E the
  /// encoder's output and P the layer before's, both `[batch, N, D]`.
  func callAsFunction(
    encoded: V, previous: V, position: V,
    masks: (own: AttentionMask<V>?, cross: AttentionMask<V>?), dropout: Dropout<V>?
  ) throws -> V {
    let learned = try query.reshaped([1, query.shape[0], query.shape[1]])
    let asked = try selfAttention(
      queries: learned + position, keys: encoded + position, values: encoded, mask: masks.own,
      dropout: dropout)
    var t = try norms[0](learned + dropout(asked))
    let found = try crossAttention(
      queries: t + position, keys: previous + position, values: previous, mask: masks.cross,
      dropout: dropout)
    t = try norms[1](t + dropout(found))
    return try norms[2](t + dropout(feedForward(t, dropout: dropout)))
  }
}

/// UniAD as a detector; map and score are RAS's.
public struct UniADMethod: FeatureReconstruction, DefinedMethod, Equatable {
  public static let name = "uniad"
  public static let title = "UniAD"
  /// Its levels are aligned without being pooled before.
  public static let trunkDefaults = TrunkDefaults(pools: false)

  public var settings: UniADSettings
  /// Of the aligned features.
  public let shape: MapShape
  public var score: PictureScore

  public init(
    _ settings: UniADSettings = UniADSettings(), shape: MapShape,
    score: PictureScore = .maximum(pooling: 16)
  ) {
    (self.settings, self.shape, self.score) = (settings, shape, score)
  }

  public init(_ settings: UniADSettings, trunk: Trunk, context: MethodContext) throws {
    self.init(
      settings, shape: try Self.alignedOutput(trunk), score: context.score)
  }

  public static func check(
    _ settings: UniADSettings, in context: MethodContext, _ check: inout SettingCheck
  ) {
    self.check(settings, grids: context.usualGrid.map { [$0] } ?? [], &check)
  }

  public static func check(_ settings: UniADSettings, grids: [Int], _ check: inout SettingCheck) {
    guard settings.masksAnything else { return }
    for grid in grids { check.window("uniad.window", settings.window, grid: grid) }
  }

  public var grid: Grid { shape.grid }
  public var jitter: Float {
    get { Float(settings.jitter) }
    set { settings.jitter = Double(newValue) }
  }
  public var residual: Residual {
    get { settings.residual }
    set { settings.residual = newValue }
  }
  public var loss: ReconstructionLoss { settings.loss }

  public func reconstructor<V: Value>(
    _ parameters: Parameters<V>
  ) throws -> any ReconstructingNetwork<V> {
    try UniAD(settings, shape: shape, parameters)
  }
}
