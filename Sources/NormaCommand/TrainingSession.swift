import Foundation
import Networks
import Norma
import NormaCore
import NormaTraining
import OpenVINO

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
    let lock = try plan.place.lockedWorkFolder()
    defer { withExtendedLifetime(lock) {} }
    let pictures = plan.dataset.train.filter { !$0.label.isAnomalous }
    let fingerprint = try PictureFingerprint.of(
      pictures, root: plan.dataset.root, interruption: interruption)
    let key = featureKey(pictures, fingerprint: fingerprint)
    let (store, usable) = try features(of: pictures, key: key)
    let split = SplitPictures(store, samples: pictures, usable: usable, recipe: recipe)
    let network = try TrainingRun(
      recipe: recipe, method: plan.method, pictures: split,
      settings: TrainingSettings(recipe.training), output: plan.place, stopped: plan.stopped,
      tell: plan.tell
    ).network(features: key, root: plan.dataset.root, interruption: interruption)
    let model = TrainedModel(
      plan: plan, pictures: split, network: network, fingerprint: fingerprint)
    try model.write(interruption: interruption)
    plan.place.removeWorkFolder()
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
    let requests = recipe.featureRequests(pictures)
    let progress = ProgressLine(
      "Extracting features (\(recipe.backbone.name), \(recipe.features.precision.rawValue))",
      total: requests.count, unit: "pictures")
    defer { progress.clear() }
    var problems: [Int: String] = [:]
    do {
      let (store, reused) = try FeatureStore.filled(
        at: path, key: key, pictures: requests,
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
    for index in pictures.indices where !store.usable[index] {
      Terminal.warn(problems[index] ?? "\(pictures[index].path) could not be decoded")
    }
    let usable = pictures.indices.filter { store.usable[$0] }
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
      ] + recipe.textureFacts + order
    return Digest.sha256(Data(facts.joined(separator: "\n").utf8))
  }
}
