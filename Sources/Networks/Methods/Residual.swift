/// How the difference between a token's features F and F_rec, what was rebuilt of them, becomes its anomaly.
public enum Residual: String, Sendable, CaseIterable {
  /// ‖F − F_rec‖₂ over channels (RAS eq. 14, UniAD §3.4).
  case norm
  /// e · d, the mean over channels of (F − F_rec)² times 1 − cos(F, F_rec): large where both the length and
  /// the direction are off.
  case product
  /// e + d
  case sum

  /// The anomaly of each token, `[batch, N, 1]`, of features and rebuilt features `[batch, N, C]`.
  public func callAsFunction<V: Value>(_ tokens: V, _ rebuilt: V) throws -> V {
    let difference = try tokens - rebuilt
    let square = try difference * difference
    return switch self {
    case .norm: try square.sum(axes: [2]).squareRoot()
    case .product: try square.mean(axes: [2]) * tokens.cosineDistance(rebuilt)
    case .sum: try square.mean(axes: [2]) + tokens.cosineDistance(rebuilt)
    }
  }
}
