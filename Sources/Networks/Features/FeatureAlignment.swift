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
