/// Everything that shapes a feature decoder.
public struct FeatureDecoderConfiguration: Codable, Equatable, Sendable {
  /// One of the feature maps that are decoded.
  public struct Level: Codable, Equatable, Sendable {
    public var channels: Int
    public var grid: Grid

    public init(channels: Int, grid: Grid) {
      (self.channels, self.grid) = (channels, grid)
    }
  }

  public var levels: [Level]
  /// The grid on which the levels come together: the finest one's, as far as that is useful.
  public let grid: Grid
  /// How often the grid is doubled on the way to the picture.
  public let doublings: Int

  /// The longest side of a decoded picture, in pixels: enough to recognise a thing by, and no more
  /// than features have in them.
  public static let largestSide = 128

  /// - Parameters:
  ///   - levels: the maps that the method sees, one or more.
  ///   - imageSize: side of the pictures that they are of; decoded ones are no larger.
  public init(levels: [Level], imageSize: Int) {
    self.levels = levels
    let limit = max(2, min(Self.largestSide, imageSize))
    let finest = levels.map(\.grid).max { $0.count < $1.count } ?? Grid(height: 1, width: 1)
    grid = Grid(height: min(finest.height, limit / 2), width: min(finest.width, limit / 2))
    var doublings = 1
    while max(grid.height, grid.width) << (doublings + 1) <= limit { doublings += 1 }
    self.doublings = doublings
  }

  /// Size of a decoded picture, in pixels.
  public var size: Grid {
    Grid(height: grid.height << doublings, width: grid.width << doublings)
  }

  /// Channels at each grid, from the levels' to the last before the picture's.
  var widths: [Int] {
    (0..<doublings).map { step in
      switch max(grid.height, grid.width) << step {
      case ...16: 128
      case ...32: 96
      default: 48
      }
    }
  }
}
