/// Everything that shapes a UniAD network.
public struct UniADConfiguration: Equatable, Sendable {
  /// Channels C of the aligned features.
  public var channels: Int
  public var grid: Grid
  /// Latent width D.
  public var hidden = 256
  public var heads = 8
  public var feedForward = 1024
  public var encoderBlocks = 4
  public var decoderLayers = 4
  /// Side of the neighbour mask; 0 for none.
  public var window = 7
  /// Which attentions have the mask: the encoder's, the decoder's first (over the encoder's output),
  /// the decoder's second (over the layer before).
  public var masksEncoder = true
  public var masksSelfAttention = true
  public var masksCrossAttention = true
  /// Strength of the feature jitter in training.
  public var jitter: Float = 20
  public var dropout: Float = 0.1

  public init(channels: Int, grid: Grid) {
    self.channels = channels
    self.grid = grid
  }
}

/// UniAD (You et al., "A Unified Model for Multi-class Anomaly Detection", 2022): a transformer whose
/// decoder asks for the normal features by a learned query in each layer, while no attention sees a
/// token's own neighbourhood.
public struct UniAD<V: Value>: ReconstructingNetwork {
  public let configuration: UniADConfiguration
  let input: Linear<V>
  let positions: LearnedPositions<V>
  let encoder: [TransformerBlock<V>]
  let decoder: [UniADDecoderLayer<V>]
  let norm: LayerNorm<V>
  let output: Linear<V>
  let mask: AttentionMask<V>?

  public init(_ configuration: UniADConfiguration, _ parameters: Parameters<V>) throws {
    let c = configuration
    self.configuration = c
    guard c.decoderLayers > 0 else { throw NetworkError("UniAD needs at least one decoder layer") }
    input = try Linear(parameters.scope("input"), from: c.channels, to: c.hidden)
    positions = try LearnedPositions(parameters.scope("positions"), grid: c.grid, width: c.hidden)
    encoder = try (0..<c.encoderBlocks).map {
      try TransformerBlock(
        parameters.scope("encoder.\($0)"), width: c.hidden, heads: c.heads, inner: c.feedForward)
    }
    // The queries begin equal in all layers, as RAS's contexts do.
    let firstQuery = parameters.fullName("decoder.0.query")
    decoder = try (0..<c.decoderLayers).map {
      try UniADDecoderLayer(c, parameters.scope("decoder.\($0)"), query: $0 == 0 ? nil : firstQuery)
    }
    norm = try LayerNorm(parameters.scope("norm"), width: c.hidden)
    output = try Linear(parameters.scope("output"), from: c.hidden, to: c.channels)
    let masks = c.masksEncoder || c.masksSelfAttention || c.masksCrossAttention
    mask =
      c.window > 0 && masks
      ? try AttentionMask(
        MaskPattern(
          height: c.grid.height, width: c.grid.width, window: c.window),
        like: input.weight) : nil
  }

  public func reconstruction(_ features: V, noise: TrainingNoise<V>? = nil) throws -> V {
    let c = configuration
    var tokens = try features.tokens()
    if let noise {
      tokens = try tokens.jittered(by: noise.normal(tokens.shape), scale: c.jitter)
    }
    let dropout = noise?.dropout(c.dropout)
    let position = try positions()
    var encoded = try input(tokens)
    for block in encoder {
      let located = try encoded + position
      encoded = try block(
        residual: encoded, queries: located, keys: located, values: encoded,
        mask: c.masksEncoder ? mask : nil, dropout: dropout)
    }
    var decoded = encoded
    for layer in decoder {
      decoded = try layer(
        encoded: encoded, previous: decoded, position: position,
        masks: (c.masksSelfAttention ? mask : nil, c.masksCrossAttention ? mask : nil),
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
  init(_ c: UniADConfiguration, _ parameters: Parameters<V>, query other: String?) throws {
    query = try parameters(
      "query", [c.grid.count, c.hidden],
      other.map(Initializer.copy(of:)) ?? .normal(mean: 0, deviation: 1))
    selfAttention = try MultiHeadAttention(
      parameters.scope("self_attention"), width: c.hidden, heads: c.heads)
    crossAttention = try MultiHeadAttention(
      parameters.scope("cross_attention"), width: c.hidden, heads: c.heads)
    norms = try (1...3).map { try LayerNorm(parameters.scope("norm\($0)"), width: c.hidden) }
    feedForward = try FeedForward(parameters, width: c.hidden, inner: c.feedForward)
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
