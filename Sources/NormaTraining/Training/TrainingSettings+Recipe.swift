import NormaCore
import Torch

extension TrainingSettings {
  /// The recipe's, with the precision resolved for this machine.
  public init(_ recipe: TrainingRecipe) throws {
    let bf16 =
      switch recipe.precision {
      case .auto: Machine.hasFastBF16
      case .bf16: true
      case .f32: false
      }
    self.init(
      epochs: recipe.epochs, batch: recipe.batch,
      optimizer: recipe.optimizer == .adam ? .adam : .adamw, learningRate: recipe.learningRate,
      beta1: recipe.betas[0], beta2: recipe.betas[1], weightDecay: recipe.weightDecay,
      clip: Float(recipe.clip), warmup: recipe.warmup, decay: recipe.decay,
      cosine: recipe.schedule == .cosine, minutes: recipe.minutes,
      countsProcessorTime: recipe.clock == .processor, seed: UInt64(recipe.seed),
      keep: recipe.keep == .best ? .best : .last, bf16: bf16)
  }
}
