import Networks
import NormaCore
import Torch

/// A trained detector in LibTorch, in 32-bit precision, on stored pictures: what its thresholds come
/// from where there is no OpenVINO.
public struct StoreInspector {
  private let trained: TrainedDetector
  private let pictures: PictureStore
  private let places: [[UInt8]: Int]
  private let backbone: Parameters<Tensor>
  private let weights: Parameters<Tensor>

  public init(_ trained: TrainedDetector, pictures: PictureStore) throws {
    self.trained = trained
    self.pictures = pictures
    // Keyed by bytes: two names that look alike may be written differently and be two files.
    places = Dictionary(
      zip(pictures.samples.map { Array($0.path.utf8) }, 0...), uniquingKeysWith: { $1 })
    backbone = try Parameters(constants: trained.backbone.parameters)
    weights = try Parameters(constants: trained.network.weights)
  }

  /// Scores of `samples`, which are pictures of the store, in their order.
  /// - Parameter progress: called before each batch; it may throw to stop.
  public func inspect(
    _ samples: [Sample], progress: () throws -> Void
  ) throws -> NormalPictures {
    var found: [NormalPictures.Picture] = []
    let size = Machine.device == .cpu ? 8 : 64
    for first in stride(from: 0, to: samples.count, by: size) {
      try progress()
      found += try inspect(Array(samples[first..<min(first + size, samples.count)]))
    }
    return NormalPictures(found)
  }

  private func inspect(_ samples: [Sample]) throws -> [NormalPictures.Picture] {
    let batch = try samples.map { sample in
      guard let place = places[Array(sample.path.utf8)] else {
        throw FileProblem(path: pictures.path, reason: "it holds no picture \(sample.path)")
      }
      return place
    }
    let side = trained.trunk.imageSize
    return try withoutGradient {
      let (detection, feature) = try trained.detector(
        Tensor(bytes: pictures.pictures(batch), shape: [batch.count, side, side, 3]),
        backbone: backbone, parameters: weights)
      let scores = try detection.score.floats()
      let peaks = try detection.map.maximum(axes: [1, 2]).floats()
      let features = try feature.floats()
      let doubts = try detection.uncertainty?.value.floats()
      let channels = features.count / samples.count
      return samples.indices.map {
        NormalPictures.Picture(
          category: samples[$0].category, score: scores[$0], peak: peaks[$0],
          feature: Array(features[$0 * channels..<($0 + 1) * channels]),
          uncertainty: doubts?[$0])
      }
    }
  }
}
