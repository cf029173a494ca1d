import Networks
import NormaCore

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
