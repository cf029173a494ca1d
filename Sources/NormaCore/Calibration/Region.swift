/// One anomalous region of a picture, in the picture's own pixels.
public struct Region: Codable, Sendable, Hashable {
  /// Left edge of the box, from the picture's left edge.
  public var x: Int
  /// Upper edge of the box, from the picture's upper edge.
  public var y: Int
  /// Size of the box; at least 1 each.
  public var width: Int
  public var height: Int
  /// Pixels of the region itself, at least 1.
  public var area: Int
  /// The largest value of the anomaly map in the region.
  public var peak: Float

  public init(x: Int, y: Int, width: Int, height: Int, area: Int, peak: Float) {
    self.x = x
    self.y = y
    self.width = width
    self.height = height
    self.area = area
    self.peak = peak
  }
}
