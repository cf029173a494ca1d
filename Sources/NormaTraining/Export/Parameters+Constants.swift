import Networks
import NormaCore
import NormaFiles
import Torch

extension Parameters where V == Tensor {
  /// Weights as constants of LibTorch, by name. Asking for one that is missing or has another shape
  /// throws.
  public init(constants weights: [String: WeightTensor]) throws {
    let tensors = try weights.mapValues { try Tensor($0.values, shape: $0.shape) }
    self.init { name, shape, _ in
      guard let tensor = tensors[name], ParameterShape.fits(tensor.shape, shape) else {
        throw TrainerError("there is no parameter \(name) of shape \(shape)")
      }
      return tensor
    }
  }
}
