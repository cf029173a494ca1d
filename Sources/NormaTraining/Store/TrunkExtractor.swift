import Foundation
import Networks
import NormaCore
import Torch

/// The trunk in LibTorch, on stored pictures: on a GPU the quick way to features, on a processor the
/// one that needs nothing but LibTorch.
public struct TrunkExtractor: FeatureExtractor {
  public let shapes: [FeatureShape]
  private let trunk: Trunk
  private let parameters: Parameters<Tensor>
  private let bf16: Bool
  private let pictures: PictureStore

  /// - Parameter bf16: convolutions in 16-bit brain floats, where the device has them.
  public init(
    trunk: Trunk, weights: BackboneWeights, bf16: Bool, pictures: PictureStore
  ) throws {
    self.trunk = trunk
    self.bf16 = bf16
    self.pictures = pictures
    parameters = try Parameters(constants: weights.parameters)
    shapes = trunk.outputs.map { FeatureShape(channels: $0.channels, grid: $0.grid) }
  }

  /// The paths are those of the store's pictures.
  public func extract(
    _ requests: [FeatureRequest],
    consume: (Int, Result<UnsafeBufferPointer<Float>, any Error>) throws -> Void
  ) throws {
    func stored(_ path: String) throws -> [UInt8] {
      try pictures.pictures(pictures.places(of: [path]))
    }
    let size = Machine.device == .cpu ? 8 : 64
    for first in stride(from: 0, to: requests.count, by: size) {
      let batch = requests[first..<min(first + size, requests.count)]
      let bytes = try batch.flatMap { request in
        let picture = try stored(request.path)
        return try request.twin.map {
          try $0.painted(picture, with: stored($0.texture), side: trunk.imageSize)
        } ?? picture
      }
      for (offset, features) in try features(bytes, count: batch.count).enumerated() {
        try features.withUnsafeBufferPointer { try consume(first + offset, .success($0)) }
      }
    }
  }

  /// Each picture's maps, one after the other.
  ///
  /// - Parameter bytes: of `count` pictures, one after the other.
  private func features(_ bytes: [UInt8], count: Int) throws -> [[Float]] {
    let side = trunk.imageSize
    let maps = try withoutGradient {
      try withBF16Autocast(bf16) {
        try trunk(
          Tensor(bytes: bytes, shape: [count, side, side, 3]), parameters: parameters)
      }
    }
    let values = try maps.map { try $0.floats() }
    return (0..<count).map { picture in
      zip(values, shapes).flatMap { $0[picture * $1.count..<(picture + 1) * $1.count] }
    }
  }
}
