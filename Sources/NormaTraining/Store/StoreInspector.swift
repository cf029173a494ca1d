import Networks
import NormaCore
import Torch

/// Inspects normal pictures of a store: what thresholds come from where there is no OpenVINO.
public struct StoreInspector {
  private let detector: StoreDetector
  private let pictures: PictureStore

  public init(_ trained: TrainedDetector, pictures: PictureStore) throws {
    self.pictures = pictures
    detector = try StoreDetector(trained, pictures: pictures)
  }

  /// Scores of `samples`, which are pictures of the store, in their order.
  /// - Parameter progress: called before each batch; it may throw to stop.
  public func inspect(
    _ samples: [Sample], progress: () throws -> Void
  ) throws -> NormalPictures {
    var found: [NormalPictures.Picture] = []
    for first in stride(from: 0, to: samples.count, by: StoreDetector.batch) {
      try progress()
      found += try inspect(
        Array(samples[first..<min(first + StoreDetector.batch, samples.count)]))
    }
    return NormalPictures(found)
  }

  private func inspect(_ samples: [Sample]) throws -> [NormalPictures.Picture] {
    let (detection, feature) = try detector(pictures.places(of: samples.map(\.path)))
    let scores = try detection.score.floats()
    let peaks = try detection.map.maximum(axes: [1, 2]).floats()
    let features = try feature.floats()
    let suspicions = try detection.perceived?.suspicion.floats()
    let channels = features.count / samples.count
    return samples.indices.map {
      NormalPictures.Picture(
        category: samples[$0].category, score: scores[$0], peak: peaks[$0],
        feature: Array(features[$0 * channels..<($0 + 1) * channels]),
        suspicion: suspicions?[$0])
    }
  }
}
