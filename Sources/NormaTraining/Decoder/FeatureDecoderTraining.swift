import Networks
import NormaCore
import Torch

extension FeatureDecoderConfiguration: Trainable {
  public func network(_ parameters: Parameters<Tensor>) throws -> any TrainingNetwork {
    FeatureDecoderTraining(decoder: try FeatureDecoder(self, parameters))
  }

  /// How a decoder is trained.
  ///
  /// - Parameter steps: optimiser steps, whatever number of pictures there is; a multiple of ten or so
  ///   is kept exactly.
  public static func settings(steps: Int, seed: UInt64) -> TrainingSettings {
    let epochs = min(steps, 10)
    let batch = 8
    return TrainingSettings(
      epochs: epochs, batch: batch, optimizer: .adam, learningRate: 2e-3, weightDecay: 0, clip: 1,
      warmup: min(50, steps / 10), cosine: true, seed: seed,
      picturesPerEpoch: batch * (steps / epochs))
  }
}

/// A feature decoder with its loss: the mean absolute error between the decoded picture and the
/// picture, values from 0 to 1. The last map of a batch is the picture.
struct FeatureDecoderTraining: TrainingNetwork {
  let decoder: FeatureDecoder<Tensor>

  /// Deviation of the noise on features, in their own deviations: rebuilt features are never quite
  /// like a camera's, and a decoder must not depend on what tells them apart.
  private static let jitter: Float = 0.1

  func loss(_ features: [Tensor], noise: Generator?) throws -> Tensor {
    guard let picture = features.last, features.count > 1 else {
      throw NetworkError("a decoder learns from features and their picture")
    }
    var maps = Array(features.dropLast())
    if let noise {
      maps = try maps.map {
        try $0 + noise.normal($0.shape).affine(scale: Self.jitter, offset: 0)
      }
    }
    let difference = try decoder(maps).toFloat() - picture
    let size = try difference.relu() + difference.affine(scale: -1, offset: 0).relu()
    return try size.mean(axes: [0, 1, 2, 3]).reshaped([])
  }
}
