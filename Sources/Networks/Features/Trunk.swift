/// The frozen half of a detector: a backbone and what makes features of its levels.
public struct Trunk: Sendable {
  public enum Arrangement: Equatable, Sendable {
    /// One map: the levels on the coarsest grid, their channels stacked (RAS, UniAD).
    case aligned(pools: Bool)
    /// Each level on its own grid (RLR).
    case levels(pools: Bool)
  }

  public let specification: any BackboneSpecification
  /// Blocks that are tapped, ascending.
  public let taps: [Int]
  public let padding: BackbonePadding
  /// Side of the square picture, in pixels.
  public let imageSize: Int
  public let arrangement: Arrangement

  /// Throws when the backbone has no such taps, or the picture is too small to leave a grid.
  public init(
    _ specification: any BackboneSpecification, taps: [Int]? = nil,
    padding: BackbonePadding = .nominal, imageSize: Int, arrangement: Arrangement
  ) throws {
    let taps = taps ?? specification.defaultTaps
    try specification.check(taps: taps)
    guard imageSize >= 32 else {
      throw NetworkError("an image size of \(imageSize) pixels is too small; at least 32 is needed")
    }
    self.specification = specification
    self.taps = taps
    self.padding = padding
    self.imageSize = imageSize
    self.arrangement = arrangement
  }

  /// Channels and grid of each tapped level.
  public var levels: [(channels: Int, grid: Grid)] {
    taps.map { tap in
      let side = specification.mapSize(ofBlock: tap, imageSize: imageSize, padding: padding)
      return (specification.outputChannels(ofBlock: tap), Grid(height: side, width: side))
    }
  }

  /// Channels and grid of each map that the trunk gives.
  public var outputs: [(channels: Int, grid: Grid)] {
    switch arrangement {
    case .levels: levels
    case .aligned: [(levels.reduce(0) { $0 + $1.channels }, coarsestGrid)]
    }
  }

  private var coarsestGrid: Grid {
    levels.map(\.grid).min { $0.count < $1.count } ?? Grid(height: 1, width: 1)
  }

  /// Features of pictures.
  ///
  /// - Parameters:
  ///   - pictures: `[batch, S, S, 3]`, RGB from 0 to 255.
  ///   - parameters: the backbone's, batch norms folded.
  /// - Returns: one map `[batch, C, h, w]` for each of `outputs`.
  public func callAsFunction<V: Value>(
    _ pictures: V, parameters: Parameters<V>
  ) throws -> [V] {
    try arranged(
      backbone(parameters)(specification.normalization.normalized(pictures)))
  }

  /// The backbone itself, from normalised pictures `[batch, 3, S, S]` to its levels.
  public func backbone<V: Value>(_ parameters: Parameters<V>) throws -> (V) throws -> [V] {
    try specification.network(taps: taps, padding: padding, parameters: parameters)
  }

  /// Levels as the method takes them.
  public func arranged<V: Value>(_ levels: [V]) throws -> [V] {
    switch arrangement {
    case .aligned(let pools):
      return [try FeatureAlignment(grid: coarsestGrid, pools: pools)(levels)]
    case .levels(let pools):
      guard pools else { return levels }
      return try levels.map { try $0.averagePooled(kernel: 3, stride: 1, padding: 1) }
    }
  }
}
