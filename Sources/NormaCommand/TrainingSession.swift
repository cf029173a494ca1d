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
    let lock = try lockedWorkFolder()
    defer { withExtendedLifetime(lock) {} }
    let pictures = plan.dataset.train.filter { !$0.label.isAnomalous }
    let fingerprint = try PictureFingerprint.of(
      pictures, root: plan.dataset.root, interruption: interruption)
    let key = featureKey(pictures, fingerprint: fingerprint)
    let (store, usable) = try features(of: pictures, key: key)
    let split = split(store, samples: pictures, usable: usable)
    let network = try train(split, key: key)
    let model = TrainedModel(
      plan: plan, pictures: split, network: network, fingerprint: fingerprint)
    try model.write(interruption: interruption)
    removeWorkFolder()
  }

  /// The folder of this training's state, made, and locked against a second training of the same
  /// output. Made before any work, so that an output that cannot be written is known at once.
  private func lockedWorkFolder() throws -> FileLock {
    try FilePath.createFolder(plan.workFolder)
    guard let lock = try FileLock(plan.workFolder + "/lock") else {
      throw FileProblem(
        path: plan.output, reason: "another training is writing it; wait for that one, or stop it")
    }
    return lock
  }

  /// By another name first: a kill half-way must not look like an interrupted training.
  private func removeWorkFolder() {
    let done = plan.workFolder + ".done"
    guard rename(plan.workFolder, done) == 0 else { return }
    try? FileManager.default.removeItem(atPath: done)
  }

  // MARK: Features

  private func features(
    of pictures: [Sample], key: String
  ) throws -> (store: FeatureStore, usable: [Int]) {
    let shapes = plan.trunk.outputs.map { FeatureShape(channels: $0.channels, grid: $0.grid) }
    let path = try Home.folder("features") + "/\(key.prefix(32)).features"
    let lock = try FileLock.wait(for: path + ".lock") {
      try interruption.check("Stopped while another training extracts the same features.")
    }
    defer { withExtendedLifetime(lock) {} }
    let progress = ProgressLine(
      "Extracting features (\(recipe.backbone.name), \(recipe.features.precision.rawValue))",
      total: pictures.count, unit: "pictures")
    defer { progress.clear() }
    var problems: [Int: String] = [:]
    do {
      let (store, reused) = try FeatureStore.filled(
        at: path, key: key, paths: pictures.map(\.path),
        by: {
          try OpenVINOExtractor(
            trunk: plan.trunk, weights: plan.backbone, precision: recipe.features.precision,
            reader: plan.reader)
        }, shapes: shapes, shouldStop: { interruption.isRequested },
        unusable: { problems[$0] = "\($1)" }, progress: { progress.update($0) })
      progress.finish()
      if reused > 0 { plan.tell("Features of \(reused) pictures were there already.") }
      return (store, try usable(store, pictures, problems))
    } catch is ExtractionInterrupted {
      throw Interrupted("Stopped. The features so far are kept; the same command goes on.")
    }
  }

  /// The pictures that could be decoded; the others are named, in every run.
  private func usable(
    _ store: FeatureStore, _ pictures: [Sample], _ problems: [Int: String]
  ) throws -> [Int] {
    for index in store.usable.indices where !store.usable[index] {
      Terminal.warn(problems[index] ?? "\(pictures[index].path) could not be decoded")
    }
    let usable = store.usable.indices.filter { store.usable[$0] }
    let left = Set(usable.map { pictures[$0].category })
    for category in Set(pictures.map(\.category)).subtracting(left).sorted() {
      throw FileProblem(
        path: plan.dataset.root, reason: "no picture of the category '\(category)' can be decoded")
    }
    return usable
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
        "\(PictureReader.decoder)", "\(plan.reader.pixelLimit)",
        "oriented \(plan.reader.appliesOrientation)",
      ] + order
    return Digest.sha256(Data(facts.joined(separator: "\n").utf8))
  }

  // MARK: Training

  private func split(
    _ store: FeatureStore, samples: [Sample], usable: [Int]
  ) -> SplitPictures {
    let known = usable.map { samples[$0] }
    // Keyed by bytes: two names that look alike may be written differently and be two files.
    let index = Dictionary(zip(known.map { Array($0.path.utf8) }, usable), uniquingKeysWith: { $1 })
    let (training, heldOut) = Holdout.split(
      known, fraction: recipe.training.holdout, seed: UInt64(recipe.training.seed))
    let indices = training.compactMap { index[Array($0.path.utf8)] }
    let standardization: [Standardization]? =
      recipe.features.standardize
      ? store.shapes.indices.map { level in
        let statistics = store.statistics(level: level, of: indices)
        return Standardization(mean: statistics.mean, deviation: statistics.deviation)
      } : nil
    return SplitPictures(
      training: training, heldOut: heldOut,
      data: TrainingData(
        store: store, training: indices, heldOut: heldOut.compactMap { index[Array($0.path.utf8)] },
        standardization: standardization))
  }

  private func train(_ pictures: SplitPictures, key: String) throws -> TrainedNetwork {
    let settings = try TrainingSettings(recipe.training)
    let training = try plan.method.training(
      on: pictures.data, settings: settings,
      fingerprint: trainingKey(pictures, settings: settings, key: key))
    if plan.force { try? FileManager.default.removeItem(atPath: plan.checkpoint) }
    if plan.resume {
      plan.tell(
        try training.resumed(from: plan.checkpoint).map { "Going on after \($0)." }
          ?? "There is nothing to resume; training starts anew.")
    }
    plan.tell(
      "Training \(recipe.method.uppercased()): \(pictures.training.count) pictures, "
        + "\(pictures.heldOut.count) held out, \(training.summary)")
    let progress = ProgressLine("Training", total: training.steps, unit: "steps")
    defer { progress.clear() }
    let outcome = try training.train(
      checkpoint: plan.checkpoint, checkpointSeconds: recipe.training.checkpointEvery * 60,
      shouldStop: { interruption.isRequested },
      report: { progress.update($0.done, detail: $0.detail) })
    switch outcome {
    case .finished(let network):
      progress.finish()
      return network
    case .interrupted: throw Interrupted(plan.stopped)
    }
  }

  /// Everything that the weights depend on: a training goes on from its own state only.
  private func trainingKey(
    _ pictures: SplitPictures, settings: TrainingSettings, key: String
  ) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    let facts =
      [
        key, recipe.yaml, Machine.version,
        String(decoding: try encoder.encode(settings), as: UTF8.self),
      ]
      + (pictures.training + pictures.heldOut).map {
        "\($0.category)\t\(FilePath.relative($0.path, to: plan.dataset.root))"
      } + ["\(pictures.training.count)"]
    return Digest.sha256(Data(facts.joined(separator: "\n").utf8))
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
      clip: Float(recipe.clip), warmup: recipe.warmup, decay: recipe.decay,
      cosine: recipe.schedule == .cosine, minutes: recipe.minutes,
      countsProcessorTime: recipe.clock == .processor, seed: UInt64(recipe.seed),
      keep: recipe.keep == .best ? .best : .last, bf16: bf16)
  }
}
