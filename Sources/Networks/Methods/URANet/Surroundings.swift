/// What a head that is applied to each token alone has to see of its picture. Whether a token belongs where
/// it is cannot be told from the token: a normal piece of a product is an anomaly in another product, and
/// in another place of its own.
package struct Surroundings {
  let grid: Grid

  package init(grid: Grid) { self.grid = grid }

  /// How many times as wide as a token that is.
  static let views = 3

  /// Each token; what it has beyond the mean of the tokens around it, 3×3 with itself, fewer at the
  /// border; and beyond the mean of its picture.
  ///
  /// - Parameter tokens: `[batch, N, C]`.
  /// - Returns: `[batch, N, 3C]`.
  package func callAsFunction<V: Value>(_ tokens: V) throws -> V {
    let sum = try tokens.featureMap(grid).averagePooled(kernel: 3, stride: 1, padding: 1)
    // The pooling counts the zeros beyond the border.
    let scale = try tokens.constant(shares, shape: [1, 1, grid.height, grid.width])
    let around = try (sum * scale).tokens()
    return try V.concatenated(
      [tokens, tokens - around, tokens - tokens.mean(axes: [1])], axis: 2)
  }

  /// 9 divided by the tokens that there are around each.
  private var shares: [Float] {
    (0..<grid.count).map { token in
      let (row, column) = (token / grid.width, token % grid.width)
      let rows = min(row + 1, grid.height - 1) - max(row - 1, 0) + 1
      let columns = min(column + 1, grid.width - 1) - max(column - 1, 0) + 1
      return 9 / Float(rows * columns)
    }
  }
}
