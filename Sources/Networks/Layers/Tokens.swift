import Foundation

/// The size of a feature map, in tokens.
public struct Grid: Equatable, Hashable, Sendable, Codable {
  public var height: Int
  public var width: Int

  public init(height: Int, width: Int) {
    self.height = height
    self.width = width
  }

  public var count: Int { height * width }

  /// Its parts in `side` × `side` cells that are as equally large as can be, row by row; at least a place each.
  public func cells(_ side: Int) -> [(rows: Range<Int>, columns: Range<Int>)] {
    func parts(_ length: Int) -> [Range<Int>] {
      (0..<side).map { part in
        let start = min(part * length / side, length - 1)
        return start..<max(start + 1, (part + 1) * length / side)
      }
    }
    let columns = parts(width)
    return parts(height).flatMap { rows in columns.map { (rows, $0) } }
  }
}

/// Channels and grid of feature maps, `[batch, C, h, w]`.
public struct MapShape: Equatable, Hashable, Sendable, Codable {
  public var channels: Int
  public var grid: Grid

  public init(channels: Int, grid: Grid) {
    (self.channels, self.grid) = (channels, grid)
  }
}

extension Value {
  /// Feature maps as tokens, row by row: `[batch, C, H, W] → [batch, H·W, C]`.
  public func tokens() throws -> Self {
    let (channels, height, width) = (shape[1], shape[2], shape[3])
    return try reshaped([shape[0], channels, height * width]).permuted([0, 2, 1])
  }

  /// Tokens as feature maps: `[batch, H·W, C] → [batch, C, H, W]`.
  public func featureMap(_ grid: Grid) throws -> Self {
    try permuted([0, 2, 1]).reshaped([shape[0], shape[2], grid.height, grid.width])
  }

  /// Feature jitter, the denoising of training: `f + g·(‖f‖₂/C)·s` for each token f in R^C, with
  /// `noise` g ~ N(0, I) (UniAD eq. 5; RAS and RLR likewise).
  public func jittered(by noise: Self, scale: Float) throws -> Self {
    let channels = shape[2]
    let norm = try (self * self).sum(axes: [2]).squareRoot()
    return try self + noise * norm.affine(scale: scale / Float(channels), offset: 0)
  }
}

extension Value {
  /// x·y / (‖x‖ ‖y‖) over `axis`, which stays as size 1; 0 where one of them is zero.
  public func cosineSimilarity(to other: Self, axis: Int) throws -> Self {
    let product = try (self * other).sum(axes: [axis])
    let squares = try (self * self).sum(axes: [axis]) * (other * other).sum(axes: [axis])
    // A little more than nothing keeps the root's derivative finite where a vector is zero.
    return try product / squares.affine(scale: 1, offset: 1e-16).squareRoot()
  }
}

extension Value {
  /// 1 − cos between vectors along the last dimension, which is kept as size 1. Computed as
  /// ½‖a/‖a‖ − b/‖b‖‖², which does not round a small angle away.
  public func cosineDistance(_ other: Self) throws -> Self {
    let axis = shape.count - 1
    func unit(_ value: Self) throws -> Self {
      let square = try (value * value).sum(axes: [axis]).affine(scale: 1, offset: 1e-12)
      return try value / square.squareRoot()
    }
    let difference = try unit(self) - unit(other)
    return try (difference * difference).sum(axes: [axis]).affine(scale: 0.5, offset: 0)
  }
}

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

/// Rotary positions of a grid's patches (Su et al., "RoFormer", 2021), as DINOv3 has them: within a head of
/// width d, coordinates of patches' centres in −1…1 down and across, times 2π and d/4 frequencies base^(−4k/d),
/// are the angles of d/2 pairs of channels i and i + d/2. What is turned is queries and keys, so that their
/// product depends on how far apart two patches are. Tokens before the patches are not turned.
public struct RotaryPositions: Equatable, Sendable {
  public let grid: Grid
  /// Tokens before those of the patches.
  public let prefix: Int
  /// d, a multiple of 4.
  public let width: Int
  public let base: Double

  /// - Throws: when the width is not a multiple of 4.
  public init(grid: Grid, prefix: Int, width: Int, base: Double) throws {
    guard width > 0, width.isMultiple(of: 4) else {
      throw NetworkError(
        "rotary positions need heads of a width that is a multiple of 4, not \(width)")
    }
    (self.grid, self.prefix, self.width, self.base) = (grid, prefix, width, base)
  }

  /// In the engine of `reference`.
  public func callAsFunction<V: Value>(like reference: V) throws -> Rotation<V> {
    var (cosines, sines): ([Float], [Float]) = ([], [])
    for _ in 0..<prefix {
      cosines += [Float](repeating: 1, count: width)
      sines += [Float](repeating: 0, count: width)
    }
    let rows = (0..<grid.height).map { angles($0, of: grid.height) }
    let columns = (0..<grid.width).map { angles($0, of: grid.width) }
    for row in rows {
      for column in columns {
        let angles = row + column
        let (cosine, sine) = (angles.map { Float(cos($0)) }, angles.map { Float(sin($0)) })
        cosines += cosine + cosine
        sines += sine.map { -$0 } + sine
      }
    }
    let shape = [1, 1, prefix + grid.count, width]
    return Rotation(
      cosines: try reference.constant(cosines, shape: shape),
      sines: try reference.constant(sines, shape: shape))
  }

  /// The d/4 angles of one coordinate.
  private func angles(_ place: Int, of count: Int) -> [Double] {
    let coordinate = 2 * (Double(place) + 0.5) / Double(count) - 1
    return (0..<width / 4).map {
      2 * Double.pi * coordinate * pow(base, -4 * Double($0) / Double(width))
    }
  }
}

/// Turns pairs of channels by an angle for each token.
public struct Rotation<V: Value> {
  /// `[1, 1, N, d]`.
  let cosines: V
  /// The same, negative in the first half of the channels.
  let sines: V

  /// Heads `[batch, heads, N, d]`, turned.
  public func callAsFunction(_ heads: V) throws -> V {
    let width = heads.shape[3]
    let swapped = try V.concatenated(
      [heads.sliced(axis: 3, width / 2..<width), heads.sliced(axis: 3, 0..<width / 2)], axis: 3)
    return try heads * cosines + swapped * sines
  }
}
