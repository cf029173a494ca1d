/// How a pixel map becomes the score of its picture.
public enum PictureScore: Sendable, Equatable {
  /// The largest mean over squares of `pooling` pixels' side (RAS eq. 14, UniAD §3.4); 1 for the map's own
  /// maximum.
  case maximum(pooling: Int)
  /// The mean of the largest of the map's values, `share` of them, rounded down, and at least one (Dinomaly,
  /// Guo et al., 2025: 0.01). A defect has to have some size to move it, and no single pixel does.
  case top(share: Double)

  /// The scores, `[batch]`, of pixel maps `[batch, height, width]`.
  public func callAsFunction<V: Value>(_ pixels: V) throws -> V {
    let (batch, size) = (pixels.shape[0], Grid(height: pixels.shape[1], width: pixels.shape[2]))
    switch self {
    case .maximum(pooling: 1):
      return try pixels.maximum(axes: [1, 2]).reshaped([batch])
    case .maximum(let pooling):
      let pooled = SeparableFilter(
        rows: .average(size: size.height, window: min(pooling, size.height)),
        columns: .average(size: size.width, window: min(pooling, size.width)))
      return try pooled(pixels.reshaped([batch, 1, size.height, size.width]))
        .maximum(axes: [1, 2, 3]).reshaped([batch])
    case .top(let share):
      return try Self.top(share, of: pixels.reshaped([batch, size.count]))
    }
  }

  /// The scores, `[batch]`, of coarse maps.
  ///
  /// - Parameters:
  ///   - coarse: `[batch, 1, h, w]`.
  ///   - filter: what brings them to picture size. Enlarging and pooling are one filter: two small products.
  ///   - pixels: what it made of them, `[batch, height, width]`.
  func callAsFunction<V: Value>(
    _ coarse: V, enlargedBy filter: SeparableFilter, pixels: V
  ) throws -> V {
    guard case .maximum(let pooling) = self else { return try self(pixels) }
    let (height, width) = (filter.rows.outputs, filter.columns.outputs)
    let pooled = filter.followed(
      rows: .average(size: height, window: min(pooling, height)),
      columns: .average(size: width, window: min(pooling, width)))
    return try pooled(coarse).maximum(axes: [1, 2, 3]).reshaped([coarse.shape[0]])
  }

  /// The mean of the largest `share` of values `[batch, N]`, at least one: `[batch]`.
  ///
  /// - Parameter rule: how the number of values becomes a whole one.
  static func top<V: Value>(
    _ share: Double, of values: V, _ rule: FloatingPointRoundingRule = .down
  ) throws -> V {
    let (batch, all) = (values.shape[0], values.shape[1])
    let count = min(all, max(1, Int((share * Double(all)).rounded(rule))))
    return try values.largest(count, axis: 1).mean(axes: [1]).reshaped([batch])
  }
}
