import CommandLineBasics
import Foundation
import Networks
import NormaCore
import NormaFiles
import NormaTraining
import Torch

/// The features of stored pictures: computed once, found again by later runs, and kept in the device's
/// memory for all trainings of a process.
final class StoreFeatures {
  private var known: [String: FeatureStore] = [:]
  private let cancellation: Cancellation

  init(cancellation: Cancellation) { self.cancellation = cancellation }

  /// The features that `training` learns from, and the key of everything that they depend on.
  func store(of training: StoreTraining) throws -> (store: FeatureStore, key: String) {
    let key = key(of: training)
    if let store = known[key] { return (store, key) }
    let store = try filled(training, key: key)
    known[key] = store
    return (store, key)
  }

  private func filled(_ training: StoreTraining, key: String) throws -> FeatureStore {
    let (recipe, trunk, pictures) = (training.recipe, training.trunk, training.pictures)
    let path = try Home.folder("features") + "/\(key.prefix(32)).features"
    let lock = try FileLock.wait(for: path + ".lock") {
      try cancellation.check("Stopped while another training extracts the same features.")
    }
    defer { withExtendedLifetime(lock) {} }
    let requests = recipe.featureRequests(training.samples)
    let progress = ProgressLine(
      "Extracting features (\(recipe.backbone.name), \(recipe.features.precision.rawValue))",
      total: requests.count, unit: "pictures")
    defer { progress.clear() }
    do {
      let (store, reused) = try FeatureStore.filled(
        at: path, key: key, pictures: requests,
        by: {
          try TrunkExtractor(
            trunk: trunk, weights: training.backbone, bf16: recipe.features.precision == .bf16,
            pictures: pictures)
        },
        shapes: trunk.outputs.map { FeatureShape(channels: $0.channels, grid: $0.grid) },
        shouldStop: { cancellation.isRequested }, unusable: { _, _ in },
        progress: { progress.update($0) })
      progress.finish()
      if reused > 0 { Terminal.say("Features of \(reused) pictures were there already.") }
      return store
    } catch is ExtractionInterrupted {
      throw Interrupted("Stopped. The features so far are kept; the same command goes on.")
    }
  }

  private func key(of training: StoreTraining) -> String {
    let (recipe, trunk) = (training.recipe, training.trunk)
    let facts =
      [
        "features of a store 1", training.pictures.digest, training.backbone.digest,
        recipe.backbone.name, "\(trunk.taps)", trunk.padding.rawValue, "\(trunk.imageSize)",
        "\(trunk.arrangement)", recipe.features.precision.rawValue, Machine.version,
        Machine.device.rawValue,
      ] + recipe.textureFacts + (recipe.pastesTexture ? training.categories ?? [] : [])
    return Digest.sha256(Data(facts.joined(separator: "\n").utf8))
  }
}
