import Foundation
import Networks
import NormaCore
import NormaFiles
import Torch

/// A feature decoder that has learned, and how features are brought to it.
public struct TrainedDecoder: Sendable {
  public let configuration: FeatureDecoderConfiguration
  /// Mean absolute error of decoded pictures that training did not see, values from 0 to 1; nil when
  /// none were held out.
  public let heldOutError: Double?
  private let stored: StoredNetwork

  private static let configurationKey = "decoder"
  private static let errorKey = "held_out_error"
  private static let fingerprintKey = "fingerprint"

  /// - Parameter standardization: of the features that a method sees, when these are as the trunk gives
  ///   them; nil when they are standardised already.
  public init(
    _ network: TrainedNetwork, configuration: FeatureDecoderConfiguration,
    standardization: [Standardization]?
  ) {
    self.configuration = configuration
    heldOutError = network.history.epochs.last?.heldOut
    stored = StoredNetwork(weights: network.weights, standardization: standardization)
  }

  /// Reads the file of a decoder.
  ///
  /// - Parameter fingerprint: of all that it was learned from.
  /// - Throws: when the file is damaged, no decoder's, or that of another one.
  public init(path: String, fingerprint: String) throws {
    let file = try SafeTensors.read(path)
    guard file.metadata[Self.fingerprintKey] == fingerprint,
      let text = file.metadata[Self.configurationKey],
      let configuration = try? JSONDecoder().decode(
        FeatureDecoderConfiguration.self, from: Data(text.utf8))
    else { throw FileProblem(path: path, reason: "it is not the decoder that is looked for") }
    self.configuration = configuration
    heldOutError = file.metadata[Self.errorKey].flatMap(Double.init)
    stored = try StoredNetwork(file.tensors, name: path)
    // A parameter that is missing shows here, not at the first picture.
    _ = try FeatureDecoder(configuration, Parameters<Tensor>(constants: stored.weights))
  }

  /// Writes its file.
  public func write(to path: String, fingerprint: String) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    var metadata = [
      Self.fingerprintKey: fingerprint, "norma": NormaVersion.current,
      Self.configurationKey: String(decoding: try encoder.encode(configuration), as: UTF8.self),
    ]
    metadata[Self.errorKey] = heldOutError.map { "\($0)" }
    try AtomicFile.write(stored.encoded(metadata: metadata), to: path)
  }

  /// The pictures that features say.
  ///
  /// - Parameter features: as the method sees them, one map `[batch, C, h, w]` a level.
  /// - Returns: the bytes of each, RGB, of the configuration's size.
  public func pictures(_ features: [Tensor]) throws -> [[UInt8]] {
    try withoutGradient {
      let decoder = try FeatureDecoder(
        configuration, Parameters<Tensor>(constants: stored.weights))
      let maps = try stored.standardization.map { try zip(features, $0).map { try $1($0) } }
      let decoded = try decoder(maps ?? features)
      let bytes = try decoded.permuted([0, 2, 3, 1]).floats().map {
        UInt8((255 * min(max($0, 0), 1)).rounded())
      }
      let count = 3 * configuration.size.count
      return stride(from: 0, to: bytes.count, by: count).map { Array(bytes[$0..<$0 + count]) }
    }
  }

  /// Features that say nothing: each channel's mean everywhere, `[1, C, h, w]` a level.
  func meanFeatures() throws -> [Tensor] {
    try configuration.levels.enumerated().map { index, level in
      let mean =
        stored.standardization?[index].mean ?? [Float](repeating: 0, count: level.channels)
      return try Tensor(
        mean.flatMap { [Float](repeating: $0, count: level.grid.count) },
        shape: [1, level.channels, level.grid.height, level.grid.width])
    }
  }
}

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
