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
