import Foundation

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

/// Fixed position embeddings of a grid (Vaswani et al., 2017, in two dimensions): the first D/2 channels
/// say the column, the last D/2 the row; even channels are sines, odd ones cosines, of frequency
/// 10000^(−2i/(D/2)).
public struct SinePositions: Equatable, Sendable {
  public let grid: Grid
  public let width: Int

  /// - Parameter width: D, a multiple of 4.
  public init(grid: Grid, width: Int) throws {
    guard width > 0, width.isMultiple(of: 4) else {
      throw NetworkError("sine positions need a width that is a multiple of 4, not \(width)")
    }
    self.grid = grid
    self.width = width
  }

  /// `[1, N, D]` in the engine of `reference`, tokens row by row.
  public func callAsFunction<V: Value>(like reference: V) throws -> V {
    let columns = (0..<grid.width).map(line)
    let rows = (0..<grid.height).map(line)
    var values: [Float] = []
    values.reserveCapacity(grid.count * width)
    for row in rows {
      for column in columns { values += column + row }
    }
    return try reference.constant(values, shape: [1, grid.count, width])
  }

  /// The D/2 channels of one coordinate.
  private func line(_ position: Int) -> [Float] {
    let half = Double(width / 2)
    return (0..<width / 2).map { channel in
      let frequency = pow(10000, -2 * Double(channel / 2) / half)
      let angle = Double(position) * frequency
      return Float(channel.isMultiple(of: 2) ? sin(angle) : cos(angle))
    }
  }
}
