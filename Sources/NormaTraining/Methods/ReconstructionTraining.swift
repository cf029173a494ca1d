import Networks
import NormaCore
import Torch

extension RASMethod: TrainingMethod {}
extension UniADMethod: TrainingMethod {}

extension TrainingMethod where Self: FeatureReconstruction {
  public func network(_ parameters: Parameters<Tensor>) throws -> any TrainingNetwork {
    ReconstructionTraining(method: Self.self, network: try reconstructor(parameters))
  }
}

/// A network that rebuilds features, with its loss: the mean squared error between F_rec and F over
/// batch, channels and positions (RAS eq. 13, of which only the last step is supervised; UniAD's).
struct ReconstructionTraining<Method: FeatureReconstruction>: TrainingNetwork {
  let method: Method.Type
  let network: any ReconstructingNetwork<Tensor>

  func loss(_ features: [Tensor], noise: Generator?) throws -> Tensor {
    let aligned = try method.aligned(features)
    return try network.reconstruction(aligned, noise: noise?.trainingNoise)
      .meanSquaredError(aligned.tokens())
  }
}
