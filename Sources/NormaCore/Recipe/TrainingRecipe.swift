import Networks

/// How long, how fast and on what a method is trained.
public struct TrainingRecipe: Settings {
  public enum Optimizer: String, SettingChoice {
    case adamw, adam
    /// AdamW whose steps are held back where a gradient is much larger than the ones before (Dinomaly).
    case stableAdamW

    /// The usual ε.
    public var usualEpsilon: Double { self == .stableAdamW ? 1e-10 : 1e-8 }
    /// Whether it usually remembers the largest mean square.
    public var usuallyAMSGrad: Bool { self == .stableAdamW }
  }

  /// Which weights become the model: those of the last epoch, or those of the epoch with the least
  /// loss on the held-out pictures.
  public enum Keep: String, SettingChoice {
    case last, best
  }

  /// What the rate does after its warm-up, beside `decay`: stay, or fall to zero along half a cosine
  /// over the epochs or the minutes, whichever end sooner.
  public enum Schedule: String, SettingChoice {
    case constant, cosine
  }

  /// What `minutes` are: those on the wall, or the processor time of the training divided by its
  /// threads, which other work on the machine does not shorten; on a GPU always the wall's.
  public enum Clock: String, SettingChoice {
    case wall, processor
  }

  /// `auto` is bf16 where the processor has it, else float32.
  public enum Precision: String, SettingChoice {
    case auto, bf16, f32
  }

  public var epochs = 60
  public var batch = 16
  public var learningRate = 7e-4
  public var decay: [RateDrop] = []
  public var schedule = Schedule.constant
  public var cosineFloor = 0.0
  public var minutes = 0.0
  public var clock = Clock.wall
  public var optimizer = Optimizer.adamw
  public var weightDecay = 1e-4
  public var betas = [0.9, 0.999]
  /// nil: the optimizer's usual.
  public var epsilon: Double?
  /// nil: as is usual for the optimizer.
  public var amsgrad: Bool?
  public var clip = 0.1
  public var warmup = 0
  public var seed = 0
  public var holdout = HoldoutShare.auto
  public var keep = Keep.last
  public var precision = Precision.auto
  public var crossFit = CrossFitRecipe()
  public var checkpointEvery = 5.0

  public init() {}

  public static let keys: [SettingKey<TrainingRecipe>] = [
    .number("epochs", \.epochs, 1...1_000_000, "how often each picture is trained on"),
    .number(
      "minutes", \.minutes, 0...1_000_000,
      "minutes of training after which it ends, whatever 'epochs' says; 0: no such limit"),
    .value(
      "clock", \.clock,
      "what minutes are: those on the wall, or the processor time of the training over its threads"),
    .number("batch", \.batch, 1...65536, "pictures per optimizer step"),
    .fraction("learningRate", \.learningRate, upTo: 10, "the optimizer's rate"),
    .value("decay", \.decay, "when the rate falls, and how far").checked {
      for drop in $0.decay {
        if drop.epoch < 1 || !(drop.factor > 0 && drop.factor <= 1) {
          $1.add("decay", "\(drop.yaml): epochs from 1 on, a factor above 0, up to 1")
        }
      }
      if zip($0.decay, $0.decay.dropFirst()).contains(where: { $0.epoch >= $1.epoch }) {
        $1.add("decay", "each drop comes after the one before")
      }
    },
    .value(
      "schedule", \.schedule,
      "what the rate does after its warm-up, beside 'decay': stay, or fall to zero along half a cosine"
    ),
    // Here and below: written where they say something. Recipes from before these keys stay the same text.
    .number(
      "cosineFloor", \.cosineFloor, 0...1, "the share of the rate to which the cosine falls"
    ).written { $0.cosineFloor != 0 },
    .value(
      "optimizer", \.optimizer,
      "adam, or with decoupled weight decay adamw; stableAdamW also holds back steps of gradients that "
        + "are much larger than those before"),
    .number("weightDecay", \.weightDecay, 0...10, "how strongly weights are drawn to zero"),
    .value("betas", \.betas, "decay of the optimizer's mean and mean square").checked {
      if $0.betas.count != 2 || $0.betas.contains(where: { $0 < 0 || $0 >= 1 }) {
        $1.add("betas", "two numbers from 0 to below 1, as [0.9, 0.999]")
      }
    },
    .value(
      "epsilon", \.epsilon,
      "ε beside the root of the mean square; null: the optimizer's usual, 1e-8, of stableAdamW 1e-10"
    ).checked {
      guard let epsilon = $0.epsilon else { return }
      $1.fraction("epsilon", epsilon, upTo: 1)
    }.written { $0.epsilon != nil },
    .value(
      "amsgrad", \.amsgrad,
      "the largest mean square so far stands for the present one; null: of stableAdamW only"
    ).written { $0.amsgrad != nil },
    .number("clip", \.clip, 0...1e6, "the gradient's norm is cut to this; 0: not cut"),
    .number("warmup", \.warmup, 0...10_000_000, "steps over which the rate rises from 0"),
    .number(
      "seed", \.seed, 0...Int.max,
      "of the weights, the noise, the order of pictures and what is held out"),
    .value(
      "holdout", \.holdout,
      "fraction of each category's training pictures that is held out for thresholds and choice of epoch; "
        + "auto: a tenth where that is enough for the promised rate, else none, and cross-fitting"
    ).checked {
      guard case .fraction(let share) = $0.holdout, !(0...0.5).contains(share) else { return }
      $1.add("holdout", "\(share.yaml) is out of range; 0 to 0.5, or auto")
    },
    .value("keep", \.keep, "the weights that become the model: the last epoch's or the best one's")
      .checked {
        guard $0.keep == .best, $0.holdout == .fraction(0) else { return }
        $1.add("keep", "'best' is chosen by held-out pictures, and holdout is 0; use 'last'")
      },
    .value("precision", \.precision, "bf16, f32, or auto: bf16 where the processor has it"),
    .section(
      "crossFit", \.crossFit, "thresholds where nothing is held out", decides: .inspection
    ).checked {
      guard $0.crossFit.folds > 1, case .fraction(let share) = $0.holdout, share > 0 else { return }
      $1.add(
        "crossFit.folds",
        "cross-fitting is for holdout: 0 or auto; here holdout is \(share.yaml)")
    },
    .number(
      "checkpointEvery", \.checkpointEvery, 0...1440,
      "minutes between checkpoints; 0: after every epoch", decides: .inspection),
  ]
}

extension TrainingRecipe {
  /// Parts for cross-fitting where nothing is held out; 0: none.
  public var folds: Int {
    crossFit.folds == 0 && holdout == .auto ? CrossFitRecipe.usualFolds : crossFit.folds
  }

  /// ε of the optimizer.
  public var usedEpsilon: Double { epsilon ?? optimizer.usualEpsilon }
  /// Whether the optimizer remembers the largest mean square.
  public var usesAMSGrad: Bool { amsgrad ?? optimizer.usuallyAMSGrad }
}

/// How many of a category's normal pictures are kept from training, so that thresholds rest on them.
public enum HoldoutShare: Sendable, Equatable {
  /// ``usual`` where so many pictures support the promised rate; else none, and thresholds come from
  /// cross-fitting, which uses all.
  case auto
  /// From 0 to ½.
  case fraction(Double)

  public static let usual = 0.1

  /// As much as may be held out.
  public var most: Double {
    switch self {
    case .auto: Self.usual
    case .fraction(let share): share
    }
  }
}

extension HoldoutShare: SettingValue {
  package init(yaml node: SettingNode) throws {
    if node.plain == "auto" {
      self = .auto
    } else if node.plain.flatMap(Double.init) != nil {
      self = .fraction(try Double(yaml: node))
    } else {
      throw SettingValueProblem(expected: "a number or auto", found: node)
    }
  }

  package var yaml: String {
    switch self {
    case .auto: "auto"
    case .fraction(let share): share.yaml
    }
  }

  /// A number, or the word.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if let share = try? container.decode(Double.self) {
      self = .fraction(share)
    } else if try container.decode(String.self) == "auto" {
      self = .auto
    } else {
      throw DecodingError.dataCorruptedError(
        in: container, debugDescription: "holdout is a number or auto")
    }
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    switch self {
    case .auto: try container.encode("auto")
    case .fraction(let share): try container.encode(share)
    }
  }
}

extension HoldoutShare: ExpressibleByFloatLiteral, ExpressibleByIntegerLiteral {
  public init(floatLiteral value: Double) { self = .fraction(value) }
  public init(integerLiteral value: Int) { self = .fraction(Double(value)) }
}

/// Thresholds where nothing is held out: short trainings, each of which scores the part of the
/// pictures that it did not see.
public struct CrossFitRecipe: Settings {
  public var folds = 0
  public var epochs = 5

  /// Of `holdout: auto`, where nothing is held out and no number of parts is given.
  public static let usualFolds = 5

  public init() {}

  public static let keys: [SettingKey<CrossFitRecipe>] = [
    .number(
      "folds", \.folds, 0...20,
      "parts, at least 2; 0: none, and a model of holdout: 0 ships uncalibrated (of auto: 5)"
    ).checked {
      guard $0.folds == 1 else { return }
      $1.add("folds", "1 part leaves nothing to train on; 2 or more, or 0")
    },
    .number("epochs", \.epochs, 1...1_000_000, "length of each short training"),
  ]
}

/// A step of a learning rate's schedule: `{epoch: 800, factor: 0.1}`.
public struct RateDrop: Codable, Sendable, Equatable {
  /// After so many epochs …
  public var epoch: Int
  /// … the rate is multiplied by this.
  public var factor: Double

  public init(epoch: Int, factor: Double) {
    self.epoch = epoch
    self.factor = factor
  }
}

extension RateDrop: SettingValue {
  package init(yaml node: SettingNode) throws {
    guard case .mapping(let pairs) = node.content, pairs.count == 2, let epoch = node["epoch"],
      let factor = node["factor"]
    else { throw SettingValueProblem(expected: "{epoch: 800, factor: 0.1}", found: node) }
    self.init(epoch: try Int(yaml: epoch), factor: try Double(yaml: factor))
  }

  package var yaml: String { "{epoch: \(epoch.yaml), factor: \(factor.yaml)}" }
}
