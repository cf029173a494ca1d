import Networks
import Torch

/// What a network in LibTorch says of a stored picture.
public struct PictureScore: Codable, Equatable, Sendable {
  /// The image score.
  public var score: Float
  /// The largest value of the pixel map.
  public var peak: Float
  /// How anomalous the picture is to the network's perception; nil for methods without one.
  public var suspicion: Float?

  /// Scores of the pictures at `indices`, in 32-bit precision.
  static func all(
    of indices: [Int], data: TrainingData, method: any AnomalyMethod, imageSize: Int,
    network: TrainedNetwork
  ) throws -> [PictureScore] {
    let parameters = try Parameters(constants: network.weights)
    return try withoutGradient {
      var scores: [PictureScore] = []
      for first in stride(from: 0, to: indices.count, by: 16) {
        let batch = Array(indices[first..<min(first + 16, indices.count)])
        let found = try method.detect(
          data.batch(batch), size: Grid(height: imageSize, width: imageSize), parameters: parameters
        )
        let peaks = try found.map.maximum(axes: [1, 2]).floats()
        let suspicions: [Float?] =
          try found.perceived?.suspicion.floats() ?? peaks.map { _ in nil }
        scores += try zip(zip(found.score.floats(), peaks), suspicions).map {
          PictureScore(score: $0.0, peak: $0.1, suspicion: $1)
        }
      }
      return scores
    }
  }
}
