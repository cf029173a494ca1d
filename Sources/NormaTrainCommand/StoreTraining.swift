import CommandLineBasics
import Foundation
import Networks
import NormaCore
import NormaFiles
import NormaTraining
import Torch

/// A training from stored pictures to a detector with its thresholds, all of it in LibTorch.
struct StoreTraining {
  let recipe: Recipe
  let pictures: PictureStore
  /// Only pictures of these; nil: of all.
  let categories: [String]?
  /// Pictures an epoch, where that is not each picture once.
  let picturesPerEpoch: Int?
  let output: TrainingOutput
  let cancellation: Cancellation
  /// What an cancellation says: what was kept, and how to go on.
  let stopped: String
  let trunk: Trunk
  let method: any LearningMethod
  let backbone: BackboneWeights

  /// Everything that can be wrong is found here, before any work starts.
  init(
    _ recipe: Recipe, pictures: PictureStore, categories: [String]? = nil,
    picturesPerEpoch: Int? = nil, shelf: BackboneShelf, output: TrainingOutput,
    cancellation: Cancellation, stopped: String? = nil
  ) throws {
    try recipe.validate()
    trunk = try recipe.trunk()
    try recipe.validate(grids: trunk.outputs.map(\.grid.height))
    let (wanted, stored) = (trunk.imageSize, pictures.origin.imageSize)
    guard wanted == stored else {
      throw FileProblem(
        path: pictures.path,
        reason:
          "its pictures are \(stored) × \(stored) pixels, the recipe's imageSize is \(wanted); "
          + "make it anew with 'norma store … --image-size \(wanted)', or change the recipe")
    }
    method = try recipe.trainingMethod(trunk)
    backbone = try shelf.weights(for: recipe, taps: trunk.taps)
    (self.recipe, self.pictures, self.categories) = (recipe, pictures, categories)
    self.picturesPerEpoch = picturesPerEpoch
    (self.output, self.cancellation) = (output, cancellation)
    self.stopped = stopped ?? output.stopped
  }

  /// The pictures whose features are wanted: the store's, so that all trainings share them. Texture is
  /// pasted from the training's own categories alone, as from a data set that has no others.
  var samples: [Sample] {
    guard let categories, recipe.pastesTexture else { return pictures.samples }
    return pictures.samples.filter { categories.contains($0.category) }
  }

  private var context: JobContext {
    JobContext(observer: TerminalObserver(), cancellation: cancellation)
  }

  private var settings: TrainingSettings {
    get throws {
      var settings = try TrainingSettings(recipe.training)
      settings.picturesPerEpoch = picturesPerEpoch
      return settings
    }
  }

  /// Trains to the end.
  /// - Throws: `Interrupted` when a stop is requested; the output's checkpoint holds the state.
  func trained(features: StoreFeatures) throws -> TrainedDetector {
    let (store, key) = try features.store(of: self)
    let samples = samples
    let usable = samples.indices.filter { categories?.contains(samples[$0].category) ?? true }
    let split = SplitPictures(store, samples: samples, usable: usable, recipe: recipe)
    let network = try TrainingRun(
      recipe: recipe, method: method, pictures: split, settings: settings, output: output,
      stopped: stopped, context: context
    ).network(features: key, root: "")
    return TrainedDetector(
      recipe: recipe, trunk: trunk, method: method, backbone: backbone, pictures: split,
      network: network)
  }

  /// Thresholds by LibTorch's 32-bit arithmetic.
  func calibration(of trained: TrainedDetector) throws -> Calibration {
    let inspector = try StoreInspector(trained, pictures: pictures)
    return try ModelCalibration(
      recipe: recipe, method: method, pictures: trained.pictures, settings: settings,
      context: context, stopped: stopped
    ) {
      try inspector.inspect($0) { try cancellation.check(stopped) }
    }.calibration()
  }

  /// Writes the model folder.
  func write(_ trained: TrainedDetector, _ calibration: Calibration) throws {
    try ModelFolder.write(
      to: output.model,
      manifest: trained.manifest(
        fingerprint: pictures.origin.fingerprint, root: pictures.origin.root,
        exifOrientation: pictures.origin.exifOrientation),
      files: [
        ModelFile.graph: trained.graph(), ModelFile.weights: trained.weights(),
        ModelFile.calibration: calibration.json(),
      ], replacing: true)
  }
}
