import Networks
import NormaCore
import Torch

extension URANetMethod: TrainingMethod {
  public func network(_ parameters: Parameters<Tensor>) throws -> any TrainingNetwork {
    try network(parameters, pictures: 1)
  }

  public func network(
    _ parameters: Parameters<Tensor>, pictures: Int
  ) throws -> any TrainingNetwork {
    URANetTraining(
      network: try URANet(settings, shape: shape, parameters), pictures: pictures)
  }
}

/// URA-Net with its loss:
///
///     MSE(F_rec, F) + λ_cos·mean(1 − cos(F_rec, F)) + λ_seg·(focal or BCE + λ_dice·Dice)(p, M)
///       + λ_KL·KL(q ‖ prior) / (training pictures · tokens)
///
/// The perception learns from one draw of its weights a step; the region comes from its closed form,
/// whatever form inspects.
struct URANetTraining: TrainingNetwork {
  let network: URANet<Tensor>
  /// That are trained on.
  let pictures: Int

  /// The anomalies of each step are thought out by the processor, from features that it looks at.
  var isRecordable: Bool { false }

  /// Without noise, on held-out pictures, the anomalies are the same in every epoch, the perception
  /// answers by its weights' mean, and the divergence, which no picture decides, is left out.
  func loss(_ features: [Tensor], noise: Generator?) throws -> Tensor {
    let tokens: Tensor = try URANetMethod.aligned(Array(features.prefix(1))).tokens()
    let settings = network.settings
    let sample = try FeatureSynthesis.sample(
      of: features, settings.anomalies, grid: network.grid,
      generator: noise ?? Generator(seed: 0))
    let restored = try network(
      sample.tokens, perceived: network.perception.onePass(sample.tokens),
      noise: noise?.trainingNoise
    ).tokens
    let logit =
      try noise.map {
        try network.perception.sampledLogit(sample.tokens, noise: $0.trainingNoise)
      } ?? network.perception.meanLogit(sample.tokens)
    let turn = try restored.cosineDistance(tokens).mean(axes: [0, 1, 2]).reshaped([])
    let loss =
      try restored.meanSquaredError(tokens)
      + turn.affine(scale: Float(settings.cosine), offset: 0)
      + segmentation(logit, sample.mask).affine(scale: Float(settings.perception.weight), offset: 0)
    guard noise != nil, settings.perception.divergence > 0,
      let divergence = try network.perception.divergence(
        fromPrior: Float(settings.perception.prior))
    else { return loss }
    let share = Float(settings.perception.divergence) / Float(pictures * tokens.shape[1])
    return try loss + divergence.affine(scale: share, offset: 0)
  }

  private func segmentation(_ logit: Tensor, _ mask: Tensor) throws -> Tensor {
    let pointwise =
      try
      (network.settings.perception.loss == .focal
      ? SegmentationLoss.focal(logit, mask) : SegmentationLoss.crossEntropy(logit, mask))
    return try pointwise
      + SegmentationLoss.dice(logit, mask).affine(
        scale: Float(network.settings.perception.dice), offset: 0)
  }
}

extension FeatureSynthesis {
  /// Features with anomalies made up on them; without a synthesis as they are.
  ///
  /// - Parameter features: the aligned map `[batch, C, h, w]` and, where there are twins, theirs.
  static func sample(
    of features: [Tensor], _ settings: URANetSettings.Synthesis?, grid: Grid, generator: Generator
  ) throws -> Sample {
    let tokens: Tensor = try URANetMethod.aligned(Array(features.prefix(1))).tokens()
    guard let settings else {
      return try Sample(
        tokens: tokens, mask: Tensor(repeating: 0, shape: [tokens.shape[0], tokens.shape[1], 1]))
    }
    return try FeatureSynthesis(settings, grid: grid)(
      tokens, textured: features.count > 1 ? features[1].tokens() : nil, generator: generator)
  }
}

/// How far logits `[batch, N, 1]` are from a mask of zeros and ones of the same shape; a single number
/// each.
package enum SegmentationLoss {
  /// Binary cross-entropy, the mean over tokens: log(1 + exp z) − z·M.
  package static func crossEntropy(_ logit: Tensor, _ mask: Tensor) throws -> Tensor {
    try pointwise(logit, mask).mean(axes: [0, 1, 2]).reshaped([])
  }

  /// (1 − p_t)² times the cross-entropy, the mean over tokens, p_t the probability of the truth (Lin et
  /// al., "Focal loss for dense object detection", 2017, eq. 4, γ = 2).
  package static func focal(_ logit: Tensor, _ mask: Tensor) throws -> Tensor {
    let probability = try logit.sigmoid()
    // 1 − p_t is p where the truth is 0 and 1 − p where it is 1.
    let wrong =
      try probability + mask
      - (probability * mask).affine(scale: 2, offset: 0)
    return try (wrong * wrong * pointwise(logit, mask)).mean(axes: [0, 1, 2]).reshaped([])
  }

  /// 1 − (2Σ pM + 1) / (Σp + ΣM + 1) over all tokens of the batch (Milletari et al., "V-Net", 2016, with
  /// one token of grace for a batch without an anomaly).
  package static func dice(_ logit: Tensor, _ mask: Tensor) throws -> Tensor {
    let probability = try logit.sigmoid()
    let common = try (probability * mask).sum(axes: [0, 1, 2]).affine(scale: 2, offset: 1)
    let both = try (probability + mask).sum(axes: [0, 1, 2]).affine(scale: 1, offset: 1)
    return try (common / both).affine(scale: -1, offset: 1).reshaped([])
  }

  private static func pointwise(_ logit: Tensor, _ mask: Tensor) throws -> Tensor {
    try logit.softplus() - logit * mask
  }
}

/// A method that gives probabilities of tokens to be anomalous, and can be asked about anomalies that
/// are made up for it.
public protocol PerceivingMethod: LearningMethod {
  /// How far the probabilities of a trained network hold on held-out pictures.
  ///
  /// - Returns: nil without held-out pictures, or where no anomalies are made.
  func reliability(of network: TrainedNetwork, data: TrainingData) throws -> ReliabilityDiagram?
}

extension URANetMethod: PerceivingMethod {
  /// Each held-out picture is touched or not as in training, several times over, and asked about in the
  /// form that inspects.
  public func reliability(
    of network: TrainedNetwork, data: TrainingData
  ) throws -> ReliabilityDiagram? {
    guard settings.anomalies != nil, !data.heldOut.isEmpty else { return nil }
    let (rounds, batch) = (4, 16)
    let generator = try Generator(seed: 0, stream: "reliability")
    var counter = ReliabilityDiagram.Counter()
    try withoutGradient {
      let ura = try URANet(
        settings, shape: shape, Parameters<Tensor>(constants: network.weights))
      for _ in 0..<rounds {
        for pictures in data.heldOutBatches(of: batch) {
          let sample = try FeatureSynthesis.sample(
            of: data.trainingBatch(pictures), settings.anomalies, grid: grid, generator: generator)
          let said = try ura.perception(sample.tokens).probability.floats()
          for (probability, truth) in zip(said, try sample.mask.floats()) {
            try counter.add(probability, truth: Double(truth))
          }
        }
      }
    }
    return counter.diagram
  }
}
