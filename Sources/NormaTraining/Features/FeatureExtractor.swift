import Foundation
import Networks
import NormaCore

/// Turns pictures into features: the frozen half of the work. The command line brings OpenVINO's; a
/// machine without it may bring another.
public protocol FeatureExtractor {
  /// The maps that it gives for each picture.
  var shapes: [FeatureShape] { get }

  /// Reads and extracts `pictures`, in order.
  ///
  /// - Parameters:
  ///   - consume: called once a picture, in the order of `pictures`, with its maps one after the
  ///     other, or with why it could not be used.
  /// - Throws: what `consume` throws, and failures of the engine. A picture's own failure does not.
  func extract(
    _ pictures: [FeatureRequest],
    consume: (Int, Result<UnsafeBufferPointer<Float>, any Error>) throws -> Void
  ) throws
}

/// A picture whose features are wanted: as it is, or its textured twin.
public struct FeatureRequest: Sendable, Hashable {
  public var path: String
  /// What is to be pasted over it; nil for the picture as it is.
  public var twin: TexturedTwin?

  public init(path: String, twin: TexturedTwin? = nil) {
    (self.path, self.twin) = (path, twin)
  }
}

extension Recipe {
  /// The features that a training on `samples` needs: each picture's and then, where it pastes texture,
  /// each picture's twin, in the same order. Texture is of the pictures that are trained on, so that
  /// nothing of a held-out picture is called anomalous; where the features then tell copies of one scene,
  /// other pictures are held out than was known here, and their texture may be.
  public func featureRequests(_ samples: [Sample]) -> [FeatureRequest] {
    let pictures = samples.map { FeatureRequest(path: $0.path) }
    guard pastesTexture else { return pictures }
    let seed = UInt64(training.seed)
    let textures = Holdout.split(samples, fraction: training.holdout.most, seed: seed).training
    guard !textures.isEmpty else { return pictures }
    return pictures
      + samples.enumerated().map { index, sample in
        var draws = SeededGenerator(seed: seed, stream: "texture \(index)")
        let place = draws.below(textures.count)
        // The next one instead of itself; a single picture has but itself.
        let texture =
          textures[place].path == sample.path
          ? textures[(place + 1) % textures.count] : textures[place]
        return FeatureRequest(
          path: sample.path, twin: TexturedTwin(texture: texture.path, seed: draws.next()))
      }
  }

  /// What the features of textured twins depend on besides, for a key; nothing where there are none.
  public var textureFacts: [String] {
    pastesTexture
      ? ["textured twins 1", "seed \(training.seed)", "held out \(training.holdout.most)"] : []
  }
}

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
