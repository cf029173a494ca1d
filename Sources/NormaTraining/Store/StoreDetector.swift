import Networks
import NormaCore
import Torch

/// A trained detector in LibTorch, in 32-bit precision, on stored pictures: what inspects where there is
/// no OpenVINO.
struct StoreDetector {
  private let trained: TrainedDetector
  private let pictures: PictureStore
  private let backbone: Parameters<Tensor>
  private let weights: Parameters<Tensor>

  init(_ trained: TrainedDetector, pictures: PictureStore) throws {
    self.trained = trained
    self.pictures = pictures
    backbone = try Parameters(constants: trained.backbone.parameters)
    weights = try Parameters(constants: trained.network.weights)
  }

  /// Pictures that are computed at once.
  static var batch: Int { Machine.device == .cpu ? 8 : 64 }

  /// Detection and mean feature of the pictures at `places`.
  /// - Parameter jitter: noise on the features that the network sees; nil: none.
  func callAsFunction(
    _ places: [Int], jitter: FeatureJitter<Tensor>? = nil
  ) throws -> (detection: Detection<Tensor>, feature: Tensor) {
    let side = trained.trunk.imageSize
    return try withoutGradient {
      try trained.detector(
        Tensor(bytes: pictures.pictures(places), shape: [places.count, side, side, 3]),
        backbone: backbone, parameters: weights, jitter: jitter)
    }
  }
}
