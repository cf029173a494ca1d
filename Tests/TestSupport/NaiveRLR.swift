import Networks

/// One level of RLR, written down from the paper's equations: every score of every pair of tokens is
/// computed, masked and kept. The product's network is held against its numbers, and measured against its
/// cost.
public struct NaiveRLR<V: Value> {
  private let settings: RLRSettings
  private let level: RLRLevelShape
  private let parameters: Parameters<V>
  private let positions: V
  private let far: Mask
  private let near: Mask

  /// The pairs that see each other, as a bias N×N, and the queries that see anything, N×1.
  private struct Mask {
    let bias: V
    let sighted: V
  }

  /// - Parameter parameters: those of the level, by the product's names.
  public init(
    _ settings: RLRSettings, _ level: RLRLevelShape, _ parameters: Parameters<V>
  ) throws {
    (self.settings, self.level, self.parameters) = (settings, level, parameters)
    let (grid, width) = (level.grid, level.hidden)
    let any = try self.parameters.scope("norm")("weight", [width], .ones)
    positions = try SinePositions(grid: grid, width: width)(like: any)
    far = try Self.mask(grid, level.window, seesNeighbours: false, like: any)
    near = try Self.mask(grid, level.window, seesNeighbours: true, like: any)
  }

  private static func mask(
    _ grid: Grid, _ window: Int, seesNeighbours: Bool, like value: V
  ) throws -> Mask {
    let count = grid.count
    var bias = [Float](repeating: 0, count: count * count)
    var sighted = [Float](repeating: 0, count: count)
    for query in 0..<count {
      for key in 0..<count {
        let isNear =
          abs(query / grid.width - key / grid.width) <= window / 2
          && abs(query % grid.width - key % grid.width) <= window / 2
        if isNear == seesNeighbours {
          sighted[query] = 1
        } else {
          bias[query * count + key] = -.infinity
        }
      }
      if sighted[query] == 0 {
        for key in 0..<count { bias[query * count + key] = 0 }
      }
    }
    return try Mask(
      bias: value.constant(bias, shape: [count, count]),
      sighted: value.constant(sighted, shape: [count, 1]))
  }

  /// `[batch, C, H, W]` → the rebuilt features as tokens, `[batch, H·W, C]`.
  public func reconstruction(_ features: V) throws -> V {
    let (channels, width) = (level.channels, level.hidden)
    let tokens = try features.reshaped([features.shape[0], channels, level.grid.count])
      .permuted([0, 2, 1])
    let reference = try parameters(
      "reference", [1, level.grid.count, channels], .normal(mean: 0, deviation: 1))
    let learned = try linear(reference, "embed_reference", channels, width) + positions
    var x = try linear(tokens, "embed", channels, width) + positions
    for index in 0..<settings.layers {
      let layer = "layers.\(index)."
      let m = try attention(x, learned, x, layer + "mlka", far)
      let l = try attention(x, learned, learned, layer + "lca", near)
      let scaled = try l.affine(scale: Float(settings.alpha), offset: 0)
      x = try norm(m + scaled, layer + "norm1")
      let inner = settings.feedforward * width
      let first = try linear(x, layer + "feedforward1", width, inner).gelu()
      x = try norm(x + linear(first, layer + "feedforward2", inner, width), layer + "norm2")
    }
    return try linear(norm(x, "norm"), "output", width, channels)
  }

  private func attention(_ q: V, _ k: V, _ v: V, _ name: String, _ mask: Mask) throws -> V {
    let width = level.hidden
    let depth = width / settings.heads
    func projected(_ value: V, _ part: String) throws -> V {
      try linear(value, "\(name).\(part)", width, width)
        .reshaped([value.shape[0], level.grid.count, settings.heads, depth])
        .permuted([0, 2, 1, 3])
    }
    let scores = try projected(q, "query").matmul(projected(k, "key").permuted([0, 1, 3, 2]))
      .affine(scale: 1 / Float(depth).squareRoot(), offset: 0)
    let weights = try (scores + mask.bias).softmax(axis: 3)
    let joined = try (weights.matmul(projected(v, "value")) * mask.sighted)
      .permuted([0, 2, 1, 3]).reshaped([q.shape[0], level.grid.count, width])
    return try linear(joined, "\(name).output", width, width)
  }

  private func linear(_ value: V, _ name: String, _ inputs: Int, _ outputs: Int) throws -> V {
    try Linear(
      parameters.scope(name), from: inputs, to: outputs, biasInitializer: .fanInUniform(inputs)
    )(value)
  }

  private func norm(_ value: V, _ name: String) throws -> V {
    try LayerNorm(parameters.scope(name), width: level.hidden)(value)
  }
}
