import Networks
import NormaCore

/// The pictures of a training, as they were split.
public struct SplitPictures {
  public let training: [Sample]
  public let heldOut: [Sample]
  public let data: TrainingData

  /// Splits the pictures as the recipe says, and takes the statistics that it asks for.
  ///
  /// - Parameters:
  ///   - store: the features of `samples`, in their order, then of their textured twins where the
  ///     recipe pastes texture.
  ///   - usable: the indices of those that could be decoded.
  public init(_ store: FeatureStore, samples: [Sample], usable: [Int], recipe: Recipe) {
    let known = usable.map { samples[$0] }
    // Keyed by bytes: two names that look alike may be written differently and be two files.
    let index = Dictionary(zip(known.map { Array($0.path.utf8) }, usable), uniquingKeysWith: { $1 })
    (training, heldOut) = Holdout.split(
      known, fraction: recipe.training.holdout, seed: UInt64(recipe.training.seed))
    let indices = training.compactMap { index[Array($0.path.utf8)] }
    let standardization: [Standardization]? =
      recipe.features.standardize ? store.standardization(of: indices) : nil
    data = TrainingData(
      store: store, training: indices, heldOut: heldOut.compactMap { index[Array($0.path.utf8)] },
      standardization: standardization, twins: recipe.pastesTexture ? samples.count : nil)
  }

  /// The categories that are left, sorted.
  public var categories: [String] { Set((training + heldOut).map(\.category)).sorted() }
}
