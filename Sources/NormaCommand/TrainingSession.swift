import Foundation
import Networks
import Norma
import NormaCore
import NormaTraining
import OpenVINO
import Torch

/// A training from pictures to model folder: here the OpenVINO trunk and the trainer meet.
struct TrainingSession {
  let plan: TrainingPlan
  let interruption: Interruption
  var recipe: Recipe { plan.recipe }

  init(_ plan: TrainingPlan, interruption: Interruption) {
    self.plan = plan
    self.interruption = interruption
  }

  func run() throws {
    let pictures = plan.dataset.train.filter { !$0.label.isAnomalous }
    let fingerprint = try fingerprint(of: pictures)
    let (store, usable) = try features(of: pictures, fingerprint: fingerprint)
    let data = try split(store, samples: pictures, usable: usable)
    let network = try train(data, fingerprint: fingerprint)
    let model = TrainedModel(
      plan: plan, pictures: data, network: network, fingerprint: fingerprint)
    try model.write(interruption: interruption)
    try? FileManager.default.removeItem(atPath: plan.workFolder)
  }

  // MARK: Features

  private func fingerprint(of pictures: [Sample]) throws -> String {
    let cache = DigestCache(path: try Home.folder("features") + "/digests.json")
    let fingerprint = try DatasetFingerprint.of(
      pictures, root: plan.dataset.root, digest: { try cache.digest($0, $1) })
    try cache.save()
    return fingerprint
  }

  private func features(
    of pictures: [Sample], fingerprint: String
  ) throws -> (store: FeatureStore, usable: [Int]) {
    let shapes = plan.trunk.outputs.map { FeatureShape(channels: $0.channels, grid: $0.grid) }
    let key = featureKey(pictures, fingerprint: fingerprint)
    let path = try Home.folder("features") + "/\(key.prefix(32)).features"
    let progress = ProgressLine(
      "Extracting features (\(recipe.backbone.name), \(recipe.features.precision.rawValue))",
      total: pictures.count, unit: "pictures")
    do {
      let (store, reused) = try FeatureStore.filled(
        at: path, key: key, paths: pictures.map(\.path),
        by: {
          try OpenVINOExtractor(
            graph: DetectorGraph.trunk(plan.trunk, backbone: plan.backbone.parameters),
            imageSize: recipe.backbone.imageSize, shapes: shapes,
            precision: recipe.features.precision == .bf16 ? .bf16 : .f32, reader: plan.reader)
        }, shapes: shapes, shouldStop: { interruption.isRequested },
        unusable: { Terminal.warn("\($0) cannot be used: \($1)") },
        progress: { progress.update($0) })
      progress.finish()
      if reused > 0 { Terminal.say("Features of \(reused) pictures were there already.") }
      let usable = store.usable.indices.filter { store.usable[$0] }
      guard !usable.isEmpty else {
        throw FileProblem(path: plan.dataset.root, reason: "none of its pictures can be decoded")
      }
      return (store, usable)
    } catch is ExtractionInterrupted {
      progress.finish()
      throw Interrupted("Stopped. The features so far are kept; the same command goes on.")
    }
  }

  /// Everything that the features depend on.
  private func featureKey(_ pictures: [Sample], fingerprint: String) -> String {
    let trunk = plan.trunk
    let order = pictures.map { FilePath.relative($0.path, to: plan.dataset.root) }
    let facts: [String] =
      [
        "features 1", fingerprint, plan.backbone.digest, recipe.backbone.name, "\(trunk.taps)",
        trunk.padding.rawValue, "\(trunk.imageSize)", "\(trunk.arrangement)",
        recipe.features.precision.rawValue, Core.version,
        "oriented \(plan.reader.appliesOrientation)",
      ] + order
    return Digest.sha256(Data(facts.joined(separator: "\n").utf8))
  }

  // MARK: Training

  private func split(
    _ store: FeatureStore, samples: [Sample], usable: [Int]
  ) throws -> SplitPictures {
    let known = usable.map { samples[$0] }
    let index = Dictionary(uniqueKeysWithValues: zip(known.map(\.path), usable))
    let (training, heldOut) = Holdout.split(
      known, fraction: recipe.training.holdout, seed: UInt64(recipe.training.seed))
    let indices = training.compactMap { index[$0.path] }
    let standardization: [Standardization]? =
      recipe.features.standardize
      ? store.shapes.indices.map { level in
        let statistics = store.statistics(level: level, of: indices)
        return Standardization(mean: statistics.mean, deviation: statistics.deviation)
      } : nil
    return SplitPictures(
      training: training, heldOut: heldOut,
      data: TrainingData(
        store: store, training: indices, heldOut: heldOut.compactMap { index[$0.path] },
        standardization: standardization))
  }

  private func train(_ pictures: SplitPictures, fingerprint: String) throws -> TrainedNetwork {
    let settings = try TrainingSettings(recipe.training)
    let trainer = try Trainer(
      plan.method, data: pictures.data, settings: settings,
      fingerprint: Digest.sha256(Data((recipe.yaml + fingerprint + plan.backbone.digest).utf8)))
    try FileManager.default.createDirectory(
      atPath: plan.workFolder, withIntermediateDirectories: true)
    let checkpoint = plan.workFolder + "/checkpoint.safetensors"
    if plan.resume {
      let found = try trainer.resume(from: checkpoint)
      Terminal.say(
        found
          ? "Going on from epoch \(trainer.epoch + 1) of \(settings.epochs)."
          : "There is nothing to resume; training starts anew.")
    }
    Terminal.say(
      "Training \(recipe.method.uppercased()): \(trainer.parameterCount) parameters, "
        + "\(pictures.training.count) pictures, \(pictures.heldOut.count) held out, "
        + "\(settings.epochs) epochs, \(settings.bf16 ? "bf16" : "float32")")
    let progress = ProgressLine(
      "Training",
      total: settings.epochs * settings.stepsPerEpoch(pictures: pictures.training.count),
      unit: "steps")
    let outcome = try trainer.run(
      checkpoint: checkpoint, checkpointSeconds: recipe.training.checkpointEvery * 60,
      shouldStop: { interruption.isRequested },
      report: { progress.update(training: $0) })
    progress.finish()
    switch outcome {
    case .finished(let network): return network
    case .interrupted:
      throw Interrupted(
        "Stopped. The training so far is kept; the same command with --resume goes on.")
    }
  }
}

/// The pictures of a training, as they were dealt.
struct SplitPictures {
  let training: [Sample]
  let heldOut: [Sample]
  let data: TrainingData
}

extension TrainingSettings {
  /// The recipe's, with the precision resolved for this machine.
  init(_ recipe: TrainingRecipe) throws {
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
      clip: Float(recipe.clip), warmup: recipe.warmup, seed: UInt64(recipe.seed),
      keep: recipe.keep == .best ? .best : .last, bf16: bf16)
  }
}
