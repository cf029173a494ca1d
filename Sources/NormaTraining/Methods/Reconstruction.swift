import Networks
import NormaCore
import Torch

extension RASMethod: TrainingMethod {}
extension UniADMethod: TrainingMethod {}

extension TrainingMethod where Self: FeatureReconstruction {
  public func network(_ parameters: Parameters<Tensor>) throws -> any TrainingNetwork {
    ReconstructionTraining(
      method: Self.self, network: try reconstructor(parameters),
      distance: WholeMapDistance(of: loss))
  }
}

/// A network that rebuilds features, with its loss: the mean squared error between F_rec and F over
/// batch, channels and positions (RAS eq. 13, of which only the last step is supervised; UniAD's), or
/// Dinomaly's.
struct ReconstructionTraining<Method: FeatureReconstruction>: TrainingNetwork {
  let method: Method.Type
  let network: any ReconstructingNetwork<Tensor>
  /// Dinomaly's loss; nil for the squared error.
  let distance: WholeMapDistance?

  func begin(step: Int) throws { try distance?.begin(step: step) }

  func loss(_ features: [Tensor], noise: Generator?) throws -> Tensor {
    let aligned = try method.aligned(features)
    let rebuilt = try network.reconstruction(aligned, noise: noise?.trainingNoise)
    guard let distance else { return try rebuilt.meanSquaredError(aligned.tokens()) }
    return try distance(aligned.tokens(), rebuilt)
  }
}

extension WholeMapDistance {
  /// With the paper's damping of easy positions; nil where the loss is another.
  convenience init?(of loss: ReconstructionLoss) {
    guard loss == .cosine else { return nil }
    self.init(Mining())
  }
}

extension RLRMethod: TrainingMethod {
  public func network(_ parameters: Parameters<Tensor>) throws -> any TrainingNetwork {
    RLRTraining(
      network: try RLR(settings, levels: levels, parameters),
      stepsPerLevel: settings.optimizerSteps == .perLevel,
      distance: WholeMapDistance(of: settings.loss))
  }

  public func rateShare(of parameter: String) -> Double {
    let level = parameter.prefix { $0 != "." }
    guard let width = settings.rateWidth, let index = Int(level), levels.indices.contains(index)
    else { return 1 }
    return Double(width) / Double(levels[index].hidden)
  }
}

/// RLR with its loss: for each level the mean squared error and the mean over tokens of one minus the
/// cosine, or Dinomaly's.
struct RLRTraining: TrainingNetwork {
  let network: RLR<Tensor>
  let stepsPerLevel: Bool
  /// Dinomaly's loss; nil for RLR's own.
  let distance: WholeMapDistance?

  func begin(step: Int) throws { try distance?.begin(step: step) }

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
      if let distance { return try distance(target, rebuilt) }
      let cosine = try target.cosineSimilarity(to: rebuilt, axis: 2)
        .affine(scale: -1, offset: 1).mean(axes: [0, 1, 2]).reshaped([])
      return try rebuilt.meanSquaredError(target) + cosine
    }
  }
}
