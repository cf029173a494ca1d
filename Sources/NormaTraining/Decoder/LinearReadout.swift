import Networks
import Torch

/// The linear map by which features are found best in a network's latents: what a latent knows, where
/// the network has no output that would say it.
struct LinearReadout {
  private let weight: Tensor
  private let latentMean: Tensor
  private let featureMean: Tensor

  /// Of the latents' variance: keeps directions that the examples hardly show from being read at all.
  private static let ridge: Float = 1e-3

  /// By ridge regression over all tokens.
  ///
  /// - Parameters:
  ///   - latents: `[batch, N, D]`.
  ///   - features: `[batch, N, C]`.
  init(from latents: Tensor, to features: Tensor) throws {
    let width = latents.shape[2]
    let x = try latents.reshaped([-1, width])
    let y = try features.reshaped([-1, features.shape[2]])
    latentMean = try x.mean(axes: [0])
    featureMean = try y.mean(axes: [0])
    let (centred, wanted) = (try x - latentMean, try y - featureMean)
    let share = 1 / Float(max(1, x.shape[0]))
    let covariance = try centred.permuted([1, 0]).matmul(centred).affine(scale: share, offset: 0)
    let shared = try centred.permuted([1, 0]).matmul(wanted).affine(scale: share, offset: 0)
    let variance = try (centred * centred).mean(axes: [0, 1]).item()
    let identity = try Tensor(
      (0..<width * width).map { $0 / width == $0 % width ? 1 : 0 }, shape: [width, width])
    let inverse = try
      (covariance
      + identity.affine(
        scale: Self.ridge * max(variance, .leastNormalMagnitude), offset: 0)).toDouble()
      .cholesky().inverseOfLowerTriangle()
    weight = try inverse.permuted([1, 0]).matmul(inverse.matmul(shared.toDouble())).toFloat()
  }

  /// `[batch, N, D]` → `[batch, N, C]`.
  func callAsFunction(_ latents: Tensor) throws -> Tensor {
    try (latents - latentMean).matmul(weight) + featureMean
  }
}
