/// Attention in which each query sees the keys of the window around it and no others (RLR's LCA,
/// eq. 12), computed block by block: the grid is cut into tiles of queries, and each tile meets the keys
/// of its halo, the tile widened by ⌊w/2⌋. Keys and values are gathered once a tile, never once a query,
/// and where all pictures share them, never once a picture. A query's own place is in its window, so
/// every query sees a key.
public struct WindowAttention<V: Value> {
  private let rows: TiledAxis
  private let columns: TiledAxis
  private let heads: Int
  /// Added to the scores, `[1, tiles·heads, queries of a tile, keys of a halo]`.
  private let bias: V

  /// - Parameters:
  ///   - window: side w of the window; ⌊w/2⌋ tokens to each side are visible.
  ///   - tile: side of a tile of queries.
  ///   - reference: any value of the engine that the attention is for.
  public init(
    grid: Grid, window: Int, heads: Int, tile: Int = 8, like reference: V
  ) throws {
    let reach = window / 2
    rows = TiledAxis(size: grid.height, tile: tile, reach: reach)
    columns = TiledAxis(size: grid.width, tile: tile, reach: reach)
    self.heads = heads
    bias = try Self.bias(rows, columns, heads: heads, like: reference)
  }

  /// - Parameters:
  ///   - queries: projected, `[batch, N, D]`.
  ///   - keys: projected, `[batch, N, D]`, or `[1, N, D]` where all pictures share them.
  ///   - values: as the keys.
  /// - Returns: `[batch, N, D]`.
  func callAsFunction(queries: V, keys: V, values: V) throws -> V {
    let attended = try tiles(queries, rows.queries, columns.queries).attention(
      keys: tiles(keys, rows.keys, columns.keys), values: tiles(values, rows.keys, columns.keys),
      bias: bias)
    return try tokens(attended, width: queries.shape[2])
  }

  /// `[batch, N, D]` → `[batch, tiles·heads, tokens of a tile, D/heads]`.
  private func tiles(_ tokens: V, _ rows: [[Int]], _ columns: [[Int]]) throws -> V {
    let (batch, width) = (tokens.shape[0], tokens.shape[2])
    let (height, across) = (rows[0].count, columns[0].count)
    let tileCount = rows.count * columns.count
    return
      try tokens
      .reshaped([batch, self.rows.size, self.columns.size, width])
      .gathered(axis: 1, rows.flatMap { $0 }).gathered(axis: 2, columns.flatMap { $0 })
      .reshaped([batch, rows.count, height, columns.count, across * width])
      .permuted([0, 1, 3, 2, 4])
      .reshaped([batch, tileCount, height * across, heads, width / heads])
      .permuted([0, 1, 3, 2, 4])
      .reshaped([batch, tileCount * heads, height * across, width / heads])
  }

  /// The reverse of `tiles` for queries; what tiles hold beyond the grid is dropped.
  private func tokens(_ tiles: V, width: Int) throws -> V {
    let batch = tiles.shape[0]
    let (height, across) = (rows.tile, columns.tile)
    return
      try tiles
      .reshaped([batch, rows.count * columns.count, heads, height * across, width / heads])
      .permuted([0, 1, 3, 2, 4])
      .reshaped([batch, rows.count, columns.count, height, across * width])
      .permuted([0, 1, 3, 2, 4])
      .reshaped([batch, rows.count * height, columns.count * across, width])
      .sliced(axis: 1, 0..<rows.size).sliced(axis: 2, 0..<columns.size)
      .reshaped([batch, rows.size * columns.size, width])
  }

  /// A pair is visible when its rows and its columns are: the product of two small patterns.
  private static func bias(
    _ rows: TiledAxis, _ columns: TiledAxis, heads: Int, like reference: V
  ) throws -> V {
    let vertical = try reference.constant(
      rows.visible, shape: [rows.count, 1, rows.tile, 1, rows.halo, 1])
    let horizontal = try reference.constant(
      columns.visible, shape: [1, columns.count, 1, columns.tile, 1, columns.halo])
    let tiles = rows.count * columns.count
    let (queries, keys) = (rows.tile * columns.tile, rows.halo * columns.halo)
    let bias = try (vertical * horizontal)
      .affine(scale: -MaskPattern.hidden, offset: MaskPattern.hidden)
      .reshaped([tiles, 1, queries, keys])
    let each = try reference.constant(
      [Float](repeating: 0, count: heads), shape: [1, heads, 1, 1])
    return try (bias + each).reshaped([1, tiles * heads, queries, keys])
  }
}

/// One dimension of a grid, cut into tiles of queries, each with its halo of keys.
struct TiledAxis: Equatable {
  let size: Int
  /// Queries of a tile; the last tile may reach beyond the grid.
  let tile: Int
  /// Keys of a halo: the tile and `reach` to each side, no more than there are.
  let halo: Int
  private let reach: Int

  init(size: Int, tile: Int, reach: Int) {
    self.size = size
    self.tile = min(tile, size)
    halo = min(self.tile + 2 * reach, size)
    self.reach = reach
  }

  /// Number of tiles.
  var count: Int { (size + tile - 1) / tile }

  /// The queries of each tile; beyond the grid, its last line stands in.
  var queries: [[Int]] {
    (0..<count).map { index in (0..<tile).map { min(index * tile + $0, size - 1) } }
  }

  /// The keys of each tile: at the border the halo is moved into the grid.
  var keys: [[Int]] {
    (0..<count).map { index in
      let start = max(0, min(index * tile - reach, size - halo))
      return Array(start..<start + halo)
    }
  }

  /// 1 where a query sees a key, `[count, tile, halo]`.
  var visible: [Float] {
    zip(queries, keys).flatMap { queries, keys in
      queries.flatMap { query in keys.map { abs(query - $0) <= reach ? 1 : 0 } }
    }
  }
}
