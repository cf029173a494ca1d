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

extension RLRMethod: TrainingMethod {
  public func network(_ parameters: Parameters<Tensor>) throws -> any TrainingNetwork {
    RLRTraining(
      network: try RLR(settings, levels: levels, parameters),
      stepsPerLevel: settings.optimizerSteps == .perLevel)
  }

  public func rateShare(of parameter: String) -> Double {
    let level = parameter.prefix { $0 != "." }
    guard let width = settings.rateWidth, let index = Int(level), levels.indices.contains(index)
    else { return 1 }
    return Double(width) / Double(levels[index].hidden)
  }
}

/// RLR with its loss: for each level the mean squared error and the mean over tokens of one minus the
/// cosine.
struct RLRTraining: TrainingNetwork {
  let network: RLR<Tensor>
  let stepsPerLevel: Bool

  func loss(_ features: [Tensor], noise: Generator?) throws -> Tensor {
    let losses = try levelLosses(features, noise: noise)
    guard let first = losses.first else { throw NetworkError("RLR needs at least one level") }
    return try losses.dropFirst().reduce(first, +)
  }

  func losses(_ features: [Tensor], noise: Generator?) throws -> [Tensor] {
    try stepsPerLevel
      ? levelLosses(features, noise: noise) : [loss(features, noise: noise)]
  }

  private func levelLosses(_ features: [Tensor], noise: Generator?) throws -> [Tensor] {
    let rebuilt = try network.reconstructions(features, noise: noise?.trainingNoise)
    return try zip(features, rebuilt).map { features, rebuilt in
      // Sums over channels want more than a brain float's eight bits.
      let (target, rebuilt) = try (features.tokens(), rebuilt.toFloat())
      let cosine = try target.cosineSimilarity(to: rebuilt, axis: 2)
        .affine(scale: -1, offset: 1).mean(axes: [0, 1, 2]).reshaped([])
      return try rebuilt.meanSquaredError(target) + cosine
    }
  }
}
