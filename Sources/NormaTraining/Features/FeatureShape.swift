import Networks

/// The size of one feature map: channels and grid.
public struct FeatureShape: Codable, Hashable, Sendable {
  public var channels: Int
  public var grid: Grid

  public init(channels: Int, grid: Grid) {
    self.channels = channels
    self.grid = grid
  }

  /// Elements of one picture's map.
  public var count: Int { channels * grid.count }
}
