import NormaCore

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
  /// nothing of a held-out picture is ever called anomalous.
  public func featureRequests(_ samples: [Sample]) -> [FeatureRequest] {
    let pictures = samples.map { FeatureRequest(path: $0.path) }
    guard pastesTexture else { return pictures }
    let seed = UInt64(training.seed)
    let textures = Holdout.split(samples, fraction: training.holdout, seed: seed).training
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
      ? ["textured twins 1", "seed \(training.seed)", "held out \(training.holdout)"] : []
  }
}
