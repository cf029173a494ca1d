/// A method that looks at one aligned feature map F and gives each of its positions an anomaly.
///
/// The map is brought to picture size with aligned corners, and smoothed where asked for; the image
/// score is the map's maximum after an average pooling (RAS eq. 14, UniAD §3.4).
public protocol AlignedFeatureMethod: AnomalyMethod {
  /// The grid of the aligned features.
  var grid: Grid { get }
  /// Side of the average pooling before the maximum, in pixels.
  var scorePooling: Int { get }
  /// Deviation of the Gaussian that smooths the map, in pixels; 0 for none.
  var smoothing: Double { get }
}

extension AlignedFeatureMethod {
  public var smoothing: Double { 0 }

  /// Pixel map and score of a token-grid map `[batch, 1, h, w]`.
  public func detect<V: Value>(anomalyMap: V, size: Grid) throws -> Detection<V> {
    try Detection(map: pixels(anomalyMap, size), score: maximum(anomalyMap, size))
  }

  /// A map of the grid, `[batch, 1, h, w]`, at picture size: `[batch, H, W]`.
  ///
  /// - Parameter smoothed: by the method's Gaussian, if it has one.
  func pixels<V: Value>(_ map: V, _ size: Grid, smoothed: Bool = true) throws -> V {
    try enlarging(size, smoothed: smoothed)(map)
      .reshaped([map.shape[0], size.height, size.width])
  }

  /// The largest mean over squares of `scorePooling` pixels, `[batch]`, of a map of the grid at picture
  /// size.
  func maximum<V: Value>(_ map: V, _ size: Grid) throws -> V {
    let pooled = enlarging(size, smoothed: true).followed(
      rows: .average(size: size.height, window: min(scorePooling, size.height)),
      columns: .average(size: size.width, window: min(scorePooling, size.width)))
    return try pooled(map).maximum(axes: [1, 2, 3]).reshaped([map.shape[0]])
  }

  private func enlarging(_ size: Grid, smoothed: Bool) -> SeparableFilter {
    let up = SeparableFilter(
      rows: .bilinear(from: grid.height, to: size.height),
      columns: .bilinear(from: grid.width, to: size.width))
    guard smoothed, smoothing > 0 else { return up }
    return up.followed(
      rows: .gaussian(size: size.height, sigma: smoothing),
      columns: .gaussian(size: size.width, sigma: smoothing))
  }

  /// The one aligned map that such a method takes.
  public static func aligned<V: Value>(_ features: [V]) throws -> V {
    guard let aligned = features.first, features.count == 1 else {
      throw NetworkError("\(Self.self) takes one aligned feature map, not \(features.count)")
    }
    return aligned
  }
}
