import CommandLineBasics
import Foundation
import Networks
import NormaCore
import NormaTraining
import Torch

/// A training from stored pictures to a model folder, all of it in LibTorch.
struct StoreSession {
  private let recipe: Recipe
  private let pictures: PictureStore
  private let backbone: BackboneWeights
  private let trunk: Trunk
  private let method: any LearningMethod
  private let output: TrainingOutput
  private let picturesPerEpoch: Int?
  private let interruption: Interruption

  /// Everything that can be wrong is found here, before any work starts.
  init(_ command: TrainFromStore, interruption: Interruption) throws {
    let options = command.training
    output = TrainingOutput(
      model: options.output, resume: options.resume, force: options.force)
    try output.check()
    pictures = try PictureStore(path: command.store)
    let recipe = try options.wishedRecipe()
    try recipe.validate()
    trunk = try recipe.trunk()
    try recipe.validate(grids: trunk.outputs.map(\.grid.height))
    let (wanted, stored) = (trunk.imageSize, pictures.origin.imageSize)
    guard wanted == stored else {
      throw FileProblem(
        path: command.store,
        reason:
          "its pictures are \(stored) × \(stored) pixels, the recipe's imageSize is \(wanted); "
          + "make it anew with 'norma store … --image-size \(wanted)', or change the recipe")
    }
    method = try recipe.trainingMethod(trunk)
    backbone = try Self.weights(command.weights, recipe, taps: trunk.taps)
    self.recipe = recipe
    picturesPerEpoch = command.picturesPerEpoch
    self.interruption = interruption
  }

  private static func weights(
    _ path: String?, _ recipe: Recipe, taps: [Int]
  ) throws -> BackboneWeights {
    guard let path = path.map(FilePath.absolute) else {
      return try .load(recipe.backbone.name, taps: taps, from: recipe.backbone.weights)
    }
    return FilePath.isFolder(path)
      ? try .load(recipe.backbone.name, taps: taps, registry: WeightsRegistry(folders: [path]))
      : try .load(recipe.backbone.name, taps: taps, from: path)
  }

  func run() throws {
    let lock = try output.lockedWorkFolder()
    defer { withExtendedLifetime(lock) {} }
    Terminal.say(
      "\(pictures.path): \(pictures.samples.count) pictures of \(pictures.origin.root), "
        + "computed by LibTorch \(Machine.version) on \(Machine.device.rawValue)")
    let store = try features()
    let split = SplitPictures(
      store, samples: pictures.samples, usable: Array(pictures.samples.indices), recipe: recipe)
    var settings = try TrainingSettings(recipe.training)
    settings.picturesPerEpoch = picturesPerEpoch
    let network = try TrainingRun(
      recipe: recipe, method: method, pictures: split, settings: settings, output: output,
      stopped: output.stopped, tell: Terminal.say
    ).network(features: featureKey, root: "", interruption: interruption)
    try write(
      TrainedDetector(
        recipe: recipe, trunk: trunk, method: method, backbone: backbone, pictures: split,
        network: network))
    output.removeWorkFolder()
  }

  // MARK: Features

  private func features() throws -> FeatureStore {
    let path = try Home.folder("features") + "/\(featureKey.prefix(32)).features"
    let lock = try FileLock.wait(for: path + ".lock") {
      try interruption.check("Stopped while another training extracts the same features.")
    }
    defer { withExtendedLifetime(lock) {} }
    let requests = recipe.featureRequests(pictures.samples)
    let progress = ProgressLine(
      "Extracting features (\(recipe.backbone.name), \(recipe.features.precision.rawValue))",
      total: requests.count, unit: "pictures")
    defer { progress.clear() }
    do {
      let (store, reused) = try FeatureStore.filled(
        at: path, key: featureKey, pictures: requests,
        by: {
          try TrunkExtractor(
            trunk: trunk, weights: backbone, bf16: recipe.features.precision == .bf16,
            pictures: pictures)
        },
        shapes: trunk.outputs.map { FeatureShape(channels: $0.channels, grid: $0.grid) },
        shouldStop: { interruption.isRequested }, unusable: { _, _ in },
        progress: { progress.update($0) })
      progress.finish()
      if reused > 0 { Terminal.say("Features of \(reused) pictures were there already.") }
      return store
    } catch is ExtractionInterrupted {
      throw Interrupted("Stopped. The features so far are kept; the same command goes on.")
    }
  }

  /// Everything that the features depend on.
  private var featureKey: String {
    let facts =
      [
        "features of a store 1", pictures.digest, backbone.digest, recipe.backbone.name,
        "\(trunk.taps)", trunk.padding.rawValue, "\(trunk.imageSize)", "\(trunk.arrangement)",
        recipe.features.precision.rawValue, Machine.version, Machine.device.rawValue,
      ] + recipe.textureFacts
    return Digest.sha256(Data(facts.joined(separator: "\n").utf8))
  }

  // MARK: The model

  private func write(_ trained: TrainedDetector) throws {
    if recipe.scoring.precision == .bf16 {
      Terminal.warn(
        "the recipe inspects in bf16, and the thresholds are of LibTorch's float32; 'norma calibrate' "
          + "sets them by the inspecting machine's arithmetic")
    }
    let inspector = try StoreInspector(trained, pictures: pictures)
    let calibration = try ModelCalibration(
      recipe: recipe, method: method, pictures: trained.pictures, interruption: interruption,
      stopped: output.stopped
    ) {
      try inspector.inspect($0) { try interruption.check(output.stopped) }
    }.calibration()
    try ModelFolder.write(
      to: output.model,
      manifest: trained.manifest(
        fingerprint: pictures.origin.fingerprint, root: pictures.origin.root,
        exifOrientation: pictures.origin.exifOrientation),
      files: [
        ModelFile.graph: trained.graph(), ModelFile.weights: trained.weights(),
        ModelFile.calibration: calibration.json(),
      ], replacing: true)
    Terminal.say(calibration.summary)
    Terminal.say("Model: \(output.model)")
  }
}
