import Networks
import NormaCore

extension Recipe {
  /// URA-Net as the `uranet` section says, for the maps of `trunk`.
  func uraNetMethod(_ trunk: Trunk) throws -> URANetMethod {
    let aligned = try alignedOutput(trunk)
    var c = URANetConfiguration(channels: aligned.channels, grid: aligned.grid)
    c.hidden = uranet.hidden
    c.heads = uranet.heads
    c.feedForward = uranet.feedforward
    c.blocks = uranet.blocks
    c.prototypes = uranet.prototypes
    c.masks = uranet.mask
    c.window = uranet.window
    c.kappa = Float(uranet.kappa)
    c.floor = Float(uranet.floor)
    c.jitter = Float(uranet.jitter)
    c.surroundings = uranet.perception.surroundings
    c.perceptionWidth = uranet.perception.width
    c.deviation =
      uranet.perception.head == .bayesian ? Float(uranet.perception.deviation) : nil
    c.samples = uranet.perception.samples
    var method = URANetMethod(c)
    method.residual = Residual(uranet.residual)
    method.compared = URANetMethod.Comparison(uranet.compared)
    method.smoothing = uranet.smoothing
    method.scoring = uranet.score == .top ? .top(share: uranet.topShare) : .maximum
    method.scorePooling = scoring.pool
    method.variance = URANetMethod.Variance(uranet.perception.uncertainty)
    method.suspicious = uranet.perception.suspicious
    method.training = uraNetTraining
    return method
  }

  private var uraNetTraining: URANetTrainingConfiguration {
    let perception = uranet.perception
    var training = URANetTrainingConfiguration()
    training.synthesis =
      uranet.synthesis.enabled ? FeatureSynthesisConfiguration(uranet.synthesis) : nil
    training.segmentation = perception.loss == .focal ? .focal : .bce
    training.cosine = Float(uranet.cosine)
    training.perception = Float(perception.weight)
    training.dice = Float(perception.dice)
    training.divergence = Float(perception.divergence)
    training.prior = Float(perception.prior)
    return training
  }
}

extension FeatureSynthesisConfiguration {
  init(_ recipe: SynthesisRecipe) {
    self.init()
    sources = recipe.sources.map(Source.init)
    untouched = recipe.untouched
    octaves = recipe.octaves
    frequency = recipe.frequency
    rotation = recipe.rotation
    threshold = recipe.threshold
    blend = recipe.blend[0]...recipe.blend[1]
    jitter = Float(recipe.jitter)
  }
}

extension FeatureSynthesisConfiguration.Source {
  init(_ recipe: SynthesisRecipe.Source) {
    switch recipe {
    case .other: self = .other
    case .own: self = .own
    case .noise: self = .noise
    case .texture: self = .texture
    }
  }
}

extension URANetMethod.Comparison {
  init(_ recipe: URANetRecipe.Comparison) {
    switch recipe {
    case .region: self = .region
    case .uniform: self = .uniform
    }
  }
}

extension URANetMethod.Variance {
  init(_ recipe: PerceptionRecipe.Uncertainty) {
    switch recipe {
    case .total: self = .total
    case .epistemic: self = .epistemic
    }
  }
}
