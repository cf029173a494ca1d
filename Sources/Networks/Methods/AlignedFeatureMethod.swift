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
    var up = SeparableFilter(
      rows: .bilinear(from: grid.height, to: size.height),
      columns: .bilinear(from: grid.width, to: size.width))
    if smoothing > 0 {
      up = up.followed(
        rows: .gaussian(size: size.height, sigma: smoothing),
        columns: .gaussian(size: size.width, sigma: smoothing))
    }
    let pooled = up.followed(
      rows: .average(size: size.height, window: min(scorePooling, size.height)),
      columns: .average(size: size.width, window: min(scorePooling, size.width)))
    let batch = anomalyMap.shape[0]
    return try Detection(
      map: up(anomalyMap).reshaped([batch, size.height, size.width]),
      score: pooled(anomalyMap).maximum(axes: [1, 2, 3]).reshaped([batch]))
  }

  /// The one aligned map that such a method takes.
  public static func aligned<V: Value>(_ features: [V]) throws -> V {
    guard let aligned = features.first, features.count == 1 else {
      throw NetworkError("\(Self.self) takes one aligned feature map, not \(features.count)")
    }
    return aligned
  }
}
