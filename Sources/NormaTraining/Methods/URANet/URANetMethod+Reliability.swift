import Networks
import NormaCore
import Torch

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
    guard training.synthesis != nil, !data.heldOut.isEmpty else { return nil }
    let (rounds, batch) = (4, 16)
    let generator = try Generator(seed: 0, stream: "reliability")
    var counter = ReliabilityDiagram.Counter()
    try withoutGradient {
      let ura = try URANet(configuration, Parameters<Tensor>(constants: network.weights))
      for _ in 0..<rounds {
        for pictures in data.heldOutBatches(of: batch) {
          let sample = try configuration.sample(
            of: data.lesson(pictures), training.synthesis, generator: generator)
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
