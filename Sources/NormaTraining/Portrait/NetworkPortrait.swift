import Networks
import NormaCore
import Torch

/// What a trained network shows of itself, for people to look at.
public struct NetworkPortrait: Sendable {
  public var sections: [Section]

  public struct Section: Sendable {
    public var title: String
    public var text: String
    public var rows: [Row]
  }

  public struct Row: Sendable {
    public var caption: String
    public var tiles: [Tile]
  }

  public struct Tile: Sendable {
    public var label: String
    public var content: Content
  }

  public enum Content: Sendable {
    /// The example of this number, as it is.
    case example(Int)
    /// Three bytes a token.
    case colours([UInt8], Grid)
    /// How much of something each token has, from 0 to `full`.
    case amounts([Float], full: Float, Grid)
    /// How much the token in `row` and `column` of an example sees of each token.
    case look(example: Int, weights: [Float], row: Int, column: Int, Grid)
  }
}

/// A method whose trained networks can be looked into.
public protocol PortrayedMethod {
  /// - Parameter examples: pictures of the store, by their indices, that the portrait is made with.
  func portrait(
    _ network: TrainedNetwork, data: TrainingData, examples: [Int]
  ) throws -> NetworkPortrait
}

/// Features as colours: their three principal components, red, green and blue. What is alike has like
/// colours; grey is the mean.
struct FeatureColours {
  private let mean: Tensor
  /// `[C, 3]`, each column divided by the spread that reaches half the range of a colour.
  private let components: Tensor

  /// - Parameter tokens: those whose variety the colours show, `[N, C]`, C at least 3.
  init(_ tokens: Tensor) throws {
    mean = try tokens.mean(axes: [0])
    let (count, channels) = (tokens.shape[0], tokens.shape[1])
    let centred = try tokens - mean
    let covariance = try centred.permuted([1, 0]).matmul(centred)
      .affine(scale: 1 / Float(count), offset: 0)
    let vectors = try covariance.symmetricEigenvectors()
      .gathered(axis: 1, [channels - 1, channels - 2, channels - 3])
    let projected = try centred.matmul(vectors)
    let deviation = try (projected * projected).mean(axes: [0]).squareRoot().floats()
    let values = try vectors.floats()
    let signs = (0..<3).map { component in
      // The sign of an eigenvector is anybody's guess; the largest entry decides it.
      let column = stride(from: component, to: values.count, by: 3).map { values[$0] }
      return (column.max { abs($0) < abs($1) } ?? 1) < 0 ? Float(-1) : 1
    }
    let scale = zip(signs, deviation).map { $0 / max(Self.spread * $1, .leastNormalMagnitude) }
    components = try vectors * vectors.constant(scale, shape: [1, 3])
  }

  /// How many deviations reach from grey to a full colour.
  private static let spread: Float = 2.5

  /// The colours of feature maps `[batch, C, H, W]`.
  init(maps: Tensor) throws {
    try self.init(maps.permuted([0, 2, 3, 1]).reshaped([-1, maps.shape[1]]))
  }

  /// A feature map `[1, C, H, W]` as a tile.
  func tile(_ label: String, map: Tensor) throws -> NetworkPortrait.Tile {
    try tile(
      label, tokens: map.permuted([0, 2, 3, 1]), Grid(height: map.shape[2], width: map.shape[3]))
  }

  /// Tokens as a tile, C being the last dimension.
  func tile(_ label: String, tokens: Tensor, _ grid: Grid) throws -> NetworkPortrait.Tile {
    let flat = try tokens.reshaped([grid.count, tokens.shape[tokens.shape.count - 1]])
    return NetworkPortrait.Tile(label: label, content: .colours(try colours(flat), grid))
  }

  /// - Parameter tokens: `[N, C]`.
  /// - Returns: three bytes a token.
  func colours(_ tokens: Tensor) throws -> [UInt8] {
    try (tokens - mean).matmul(components).floats().map {
      UInt8((127.5 + 127.5 * min(max($0, -1), 1)).rounded())
    }
  }
}

extension RASMethod: PortrayedMethod {
  public func portrait(
    _ network: TrainedNetwork, data: TrainingData, examples: [Int]
  ) throws -> NetworkPortrait {
    try withoutGradient {
      let ras = try RAS(
        settings, shape: shape, Parameters<Tensor>(constants: network.weights))
      let features = try Self.aligned(data.batch(examples))
      let colours = try FeatureColours(maps: features)
      // Only the last step is trained to be features; those before it would show as noise, unless they
      // are read as 'norma portray' does.
      let rebuilt = try ras.reconstruction(features).featureMap(grid)
      let rows = try examples.indices.map { number in
        func tile(_ label: String, _ maps: Tensor) throws -> NetworkPortrait.Tile {
          try colours.tile(label, map: maps.sliced(axis: 0, number..<number + 1))
        }
        return NetworkPortrait.Row(
          caption: "\(grid.height)×\(grid.width) tokens",
          tiles: try [
            .init(label: "picture", content: .example(number)), tile("features", features),
            tile("as if normal", rebuilt),
          ])
      }
      return NetworkPortrait(sections: [
        NetworkPortrait.Section(
          title: "As if normal",
          text:
            "Features as colours: what is alike has like colours. Beside them the features as the "
            + "network rebuilds them; where the two differ, the anomaly map is bright.",
          rows: rows)
      ])
    }
  }
}
