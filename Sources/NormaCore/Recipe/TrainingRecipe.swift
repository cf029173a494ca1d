/// How long, how fast and on what a method is trained.
public struct TrainingRecipe: RecipeSection {
  public enum Optimizer: String, RecipeChoice {
    case adamw, adam
  }

  /// Which weights become the model: those of the last epoch, or those of the epoch with the least
  /// loss on the held-out pictures.
  public enum Keep: String, RecipeChoice {
    case last, best
  }

  /// What the rate does after its warm-up, beside `decay`: stay, or fall to zero along half a cosine
  /// over the epochs or the minutes, whichever end sooner.
  public enum Schedule: String, RecipeChoice {
    case constant, cosine
  }

  /// What `minutes` are: those on the wall, or the processor time of the training divided by its
  /// threads, which other work on the machine does not shorten; on a graphics card always the wall's.
  public enum Clock: String, RecipeChoice {
    case wall, processor
  }

  /// `auto` is bf16 where the processor has it, else float32.
  public enum Precision: String, RecipeChoice {
    case auto, bf16, f32
  }

  public var epochs = 60
  /// Pictures per optimizer step.
  public var batch = 16
  public var learningRate = 7e-4
  /// When the rate falls, and how far.
  public var decay: [RateDrop] = []
  public var schedule = Schedule.constant
  /// Minutes of training after which it ends, whatever `epochs` says; 0: no such limit.
  public var minutes = 0.0
  public var clock = Clock.wall
  public var optimizer = Optimizer.adamw
  public var weightDecay = 1e-4
  public var betas = [0.9, 0.999]
  /// The gradient's norm is cut to this; 0: not cut.
  public var clip = 0.1
  /// Steps over which the rate rises from 0.
  public var warmup = 0
  public var seed = 0
  /// Fraction of each category's training pictures that is held out for thresholds and choice of
  /// epoch.
  public var holdout = 0.1
  public var keep = Keep.last
  public var precision = Precision.auto
  public var crossFit = CrossFitRecipe()
  /// Minutes between checkpoints; 0: after every epoch.
  public var checkpointEvery = 5.0

  public init() {}

  public static let keys: [RecipeKey<TrainingRecipe>] = [
    .value("epochs", \.epochs), .value("minutes", \.minutes), .value("clock", \.clock),
    .value("batch", \.batch), .value("learningRate", \.learningRate), .value("decay", \.decay),
    .value("schedule", \.schedule),
    .value("optimizer", \.optimizer), .value("weightDecay", \.weightDecay),
    .value("betas", \.betas), .value("clip", \.clip), .value("warmup", \.warmup),
    .value("seed", \.seed), .value("holdout", \.holdout), .value("keep", \.keep),
    .value("precision", \.precision), .section("crossFit", \.crossFit),
    .value("checkpointEvery", \.checkpointEvery),
  ]
}

/// Thresholds where nothing is held out: short trainings, each of which scores the part of the
/// pictures that it did not see.
public struct CrossFitRecipe: RecipeSection {
  /// Parts, at least 2; 0: none, and a model without held-out pictures ships uncalibrated.
  public var folds = 0
  /// Length of each short training.
  public var epochs = 5

  public init() {}

  public static let keys: [RecipeKey<CrossFitRecipe>] = [
    .value("folds", \.folds), .value("epochs", \.epochs),
  ]
}
