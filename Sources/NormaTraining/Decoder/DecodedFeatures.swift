import Networks
import NormaCore
import Torch

/// Shows as pictures what a trained network sees and what it makes of it.
public struct DecodedFeatures {
  /// A decoded picture.
  public struct Tile: Sendable, Equatable {
    /// What it is, such as `step 1`.
    public var name: String
    /// Three bytes a pixel, of `size`.
    public var rgb: [UInt8]
  }

  /// A picture by its features.
  public struct Picture: Sendable, Equatable {
    /// Its own features, decoded: all that the network sees of it.
    public var seen: [UInt8]
    /// What the network makes of them, decoded; the last is what the anomaly map compares with.
    public var rebuilt: [Tile]
  }

  public let decoder: TrainedDecoder
  private let method: any RebuildingMethod
  private let network: StoredNetwork
  private let parameters: Parameters<Tensor>
  private let rebuilder: ([Tensor]) throws -> [RebuiltFeatures]

  /// - Parameters:
  ///   - network: of a model folder.
  ///   - decoder: one that learned from features as this network sees them.
  ///   - examples: features of good pictures as this network sees them, one map a level.
  public init(
    method: any RebuildingMethod, network: StoredNetwork, decoder: TrainedDecoder,
    examples: [Tensor]
  ) throws {
    (self.method, self.network, self.decoder) = (method, network, decoder)
    let parameters = try Parameters<Tensor>(constants: network.weights)
    self.parameters = parameters
    rebuilder = try withoutGradient { try method.rebuilder(parameters, examples: examples) }
  }

  /// What people have to know of the pictures; nil when they are plain.
  public var note: String? { method.rebuildingNote }

  /// Size of all tiles, in pixels.
  public var size: Grid { decoder.configuration.size }

  /// - Parameter features: a picture's maps as the trunk gives them, one after the other.
  public func picture(_ features: [Float]) throws -> Picture {
    try withoutGradient {
      var offset = 0
      var maps = try decoder.configuration.levels.map { level in
        let count = level.channels * level.grid.count
        defer { offset += count }
        guard offset + count <= features.count else {
          throw TrainerError("\(features.count) features do not fill the decoder's maps")
        }
        return try Tensor(
          Array(features[offset..<offset + count]),
          shape: [1, level.channels, level.grid.height, level.grid.width])
      }
      if let standardization = network.standardization {
        maps = try zip(maps, standardization).map { try $1($0) }
      }
      return Picture(
        seen: try bytes(maps), rebuilt: try tiles(rebuilder(maps)))
    }
  }

  /// What the network rebuilds when it sees nothing; empty for most methods.
  public func learned() throws -> [Tile] {
    try withoutGradient { try tiles(method.learned(decoder.meanFeatures(), parameters)) }
  }

  private func tiles(_ features: [RebuiltFeatures]) throws -> [Tile] {
    try features.map { Tile(name: $0.name, rgb: try bytes($0.maps)) }
  }

  private func bytes(_ maps: [Tensor]) throws -> [UInt8] {
    guard let picture = try decoder.pictures(maps).first else {
      throw TrainerError("the decoder gave no picture")
    }
    return picture
  }
}
