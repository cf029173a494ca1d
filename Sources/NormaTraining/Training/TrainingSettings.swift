import Foundation
import NormaCore
import Torch

/// How a network is trained; the recipe's `training` section, resolved for this machine.
public struct TrainingSettings: Codable, Equatable, Sendable {
  public enum Optimizer: String, Codable, Sendable { case adam, adamw, stableAdamW }
  public enum Keep: String, Codable, Sendable { case last, best }

  public var epochs: Int
  public var batch: Int
  public var optimizer: Optimizer
  public var learningRate: Double
  public var beta1: Double
  public var beta2: Double
  public var weightDecay: Double
  // What later versions brought is optional, and not encoded where it says nothing: a checkpoint's fingerprint
  // has these settings in it.
  /// ε beside the root of the mean square; nil: 1e-8.
  public var epsilon: Double?
  /// Whether the largest mean square so far stands for the present one.
  public var amsgrad: Bool?
  /// Largest joint norm of the gradients; 0 for no limit.
  public var clip: Float
  /// Steps over which the rate rises linearly to its full height.
  public var warmup: Int
  /// When the rate falls, and how far.
  public var decay: [RateDrop]
  /// Whether the rate falls along half a cosine as the training comes to its end …
  public var cosine: Bool
  /// … to this share of its full height; nil: to zero.
  public var cosineFloor: Double?
  /// Minutes of training after which it ends, whatever `epochs` says; 0: no such limit. How far a
  /// training comes in them is the machine's matter, so such a training is not the same twice.
  public var minutes: Double
  /// Whether the training's seconds are processor time divided by the threads, not those on the wall.
  public var countsProcessorTime: Bool
  public var seed: UInt64
  /// Which epoch's weights are kept: the last, or the best by the loss on held-out pictures.
  public var keep: Keep
  /// Matrix products in 16-bit brain floats.
  public var bf16: Bool
  /// Pictures an epoch, where that is not each picture once: fewer leave some out, more take the
  /// pictures again, in another order each time.
  public var picturesPerEpoch: Int?

  public init(
    epochs: Int, batch: Int, optimizer: Optimizer = .adamw, learningRate: Double,
    beta1: Double = 0.9, beta2: Double = 0.999, weightDecay: Double = 1e-4,
    epsilon: Double? = nil, amsgrad: Bool? = nil, clip: Float = 0.1,
    warmup: Int = 0, decay: [RateDrop] = [], cosine: Bool = false, cosineFloor: Double? = nil,
    minutes: Double = 0,
    countsProcessorTime: Bool = false, seed: UInt64 = 0, keep: Keep = .last,
    bf16: Bool = Machine.hasFastBF16, picturesPerEpoch: Int? = nil
  ) {
    self.epochs = epochs
    self.batch = batch
    self.optimizer = optimizer
    self.learningRate = learningRate
    self.beta1 = beta1
    self.beta2 = beta2
    self.weightDecay = weightDecay
    self.epsilon = epsilon
    self.amsgrad = amsgrad
    self.clip = clip
    self.warmup = warmup
    self.decay = decay
    self.cosine = cosine
    self.cosineFloor = cosineFloor
    self.minutes = minutes
    self.countsProcessorTime = countsProcessorTime
    self.seed = seed
    self.keep = keep
    self.bf16 = bf16
    self.picturesPerEpoch = picturesPerEpoch
  }

  var adam: Adam.Settings {
    Adam.Settings(
      rate: learningRate, beta1: beta1, beta2: beta2, epsilon: epsilon ?? 1e-8,
      weightDecay: weightDecay,
      decoupled: optimizer != .adam, amsgrad: amsgrad ?? false, stable: optimizer == .stableAdamW)
  }

  /// The rate of step `step` of the whole training, in epoch `epoch`, both counted from 0.
  ///
  /// - Parameter progress: how much of the training is done, from 0 to 1.
  package func rate(at step: Int, epoch: Int, progress: Double) -> Double {
    let rise = warmup > 0 ? min(1, Double(step + 1) / Double(warmup)) : 1
    let cosine = cosine ? (1 + cos(.pi * min(1, progress))) / 2 : 1
    let fall = cosineFloor.map { $0 + (1 - $0) * cosine } ?? cosine
    return decay.reduce(learningRate * rise * fall) { $1.epoch <= epoch ? $0 * $1.factor : $0 }
  }

  /// Optimiser steps an epoch: whole batches only, as the rest would weigh its few pictures more; one
  /// when there are fewer pictures than a batch holds.
  public func stepsPerEpoch(pictures: Int) -> Int {
    max(1, (picturesPerEpoch ?? pictures) / batch)
  }

  /// Optimiser steps of a training that no clock ends.
  public func steps(pictures: Int) -> Int { epochs * stepsPerEpoch(pictures: pictures) }

  /// The pictures of an epoch, in the order in which they are taken.
  package func order(of pictures: [Int], epoch: Int) -> [Int] {
    var generator = SeededGenerator(seed: seed, stream: "epoch \(epoch)")
    let wanted = picturesPerEpoch ?? pictures.count
    var order: [Int] = []
    repeat {
      var round = pictures
      generator.shuffle(&round)
      order += round
    } while order.count < wanted && !pictures.isEmpty
    return Array(order.prefix(wanted))
  }
}

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
      epochs: recipe.epochs, batch: recipe.batch, optimizer: Optimizer(recipe.optimizer),
      learningRate: recipe.learningRate,
      beta1: recipe.betas[0], beta2: recipe.betas[1], weightDecay: recipe.weightDecay,
      epsilon: Self.said(epsilon: recipe.usedEpsilon),
      amsgrad: Self.said(amsgrad: recipe.usesAMSGrad),
      clip: Float(recipe.clip), warmup: recipe.warmup, decay: recipe.decay,
      cosine: recipe.schedule == .cosine,
      cosineFloor: recipe.schedule == .cosine && recipe.cosineFloor > 0 ? recipe.cosineFloor : nil,
      minutes: recipe.minutes,
      countsProcessorTime: recipe.clock == .processor, seed: UInt64(recipe.seed),
      keep: recipe.keep == .best ? .best : .last, bf16: bf16)
  }

  /// Nil for Adam's usual: checkpoints from before other optimizers stay what they are.
  private static func said(epsilon: Double) -> Double? {
    epsilon == TrainingRecipe.Optimizer.adam.usualEpsilon ? nil : epsilon
  }

  private static func said(amsgrad: Bool) -> Bool? { amsgrad ? true : nil }

  /// The same with another optimizer, as is usual for it.
  mutating func change(to other: TrainingRecipe.Optimizer) {
    guard Optimizer(other) != optimizer else { return }
    optimizer = Optimizer(other)
    epsilon = Self.said(epsilon: other.usualEpsilon)
    amsgrad = Self.said(amsgrad: other.usuallyAMSGrad)
  }
}

extension TrainingSettings.Optimizer {
  init(_ recipe: TrainingRecipe.Optimizer) {
    switch recipe {
    case .adam: self = .adam
    case .adamw: self = .adamw
    case .stableAdamW: self = .stableAdamW
    }
  }
}

/// Seconds of a training over all the runs that it took.
struct RunClock {
  private let before: Double
  private let countsProcessorTime: Bool
  private let threads: Double
  private let start = ContinuousClock.now
  private let startOfProcessor = ProcessorTime.seconds

  /// - Parameter before: seconds of the runs before this one.
  init(before: Double, _ settings: TrainingSettings) {
    self.before = before
    // Beside a GPU the processor mostly waits: its time says nothing.
    countsProcessorTime = settings.countsProcessorTime && Machine.device == .cpu
    threads = Double(max(1, Machine.threads))
  }

  /// On the wall.
  var ofRun: Double { (ContinuousClock.now - start).seconds }

  /// As the settings count them.
  var total: Double {
    before
      + (countsProcessorTime ? (ProcessorTime.seconds - startOfProcessor) / threads : ofRun)
  }
}
