import Networks
import NormaCore
import Torch

extension RASMethod: TrainingMethod {
  public func network(_ parameters: Parameters<Tensor>) throws -> any TrainingNetwork {
    RASTraining(network: try RAS(configuration, parameters))
  }
}

/// RAS with its loss: the mean squared error between F_rec and F over batch, channels and positions
/// (eq. 13, of which only the last step is supervised).
struct RASTraining: TrainingNetwork {
  let network: RAS<Tensor>

  func loss(_ features: [Tensor], noise: Generator?) throws -> Tensor {
    guard let aligned = features.first, features.count == 1 else {
      throw NetworkError("RAS takes one aligned feature map, not \(features.count)")
    }
    return try network.reconstruction(aligned, noise: noise?.trainingNoise)
      .meanSquaredError(aligned.tokens())
  }
}
