/// Learned position embeddings of a grid: the column's and the row's, D/2 each, side by side.
public struct LearnedPositions<V: Value> {
  let column: V
  let row: V
  let grid: Grid
  let width: Int

  public init(_ parameters: Parameters<V>, grid: Grid, width: Int) throws {
    column = try parameters("column", [grid.width, width / 2], .uniform(low: 0, high: 1))
    row = try parameters("row", [grid.height, width / 2], .uniform(low: 0, high: 1))
    self.grid = grid
    self.width = width
  }

  /// `[1, N, D]`, tokens row by row.
  public func callAsFunction() throws -> V {
    let half = width / 2
    let plane = try column.constant(
      [Float](repeating: 0, count: grid.count * half), shape: [grid.height, grid.width, half])
    let columns = try plane + column.reshaped([1, grid.width, half])
    let rows = try plane + row.reshaped([grid.height, 1, half])
    return try V.concatenated([columns, rows], axis: 2).reshaped([1, grid.count, width])
  }
}

/// The size of a feature map, in tokens.
public struct Grid: Equatable, Hashable, Sendable, Codable {
  public var height: Int
  public var width: Int

  public init(height: Int, width: Int) {
    self.height = height
    self.width = width
  }

  public var count: Int { height * width }
}
