import Foundation
import Networks
import NormaCore
import NormaTraining
import Torch

/// A training from stored pictures to a detector with its thresholds, all of it in LibTorch.
struct StoreTraining {
  let recipe: Recipe
  let pictures: PictureStore
  /// Only pictures of these; nil: of all.
  let categories: [String]?
  let output: TrainingOutput
  let interruption: Interruption
  /// What an interruption says: what was kept, and how to go on.
  let stopped: String
  let trunk: Trunk
  let method: any LearningMethod
  let backbone: BackboneWeights

  /// Everything that can be wrong is found here, before any work starts.
  init(
    _ recipe: Recipe, pictures: PictureStore, categories: [String]? = nil, shelf: BackboneShelf,
    output: TrainingOutput, interruption: Interruption, stopped: String? = nil
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
    (self.output, self.interruption) = (output, interruption)
    self.stopped = stopped ?? output.stopped
  }

  /// Trains to the end.
  /// - Throws: `Interrupted` when a stop is requested; the output's checkpoint holds the state.
  func trained(features: StoreFeatures, picturesPerEpoch: Int? = nil) throws -> TrainedDetector {
    let (store, key) = try features.store(of: self)
    let usable = pictures.samples.indices.filter {
      categories?.contains(pictures.samples[$0].category) ?? true
    }
    let split = SplitPictures(store, samples: pictures.samples, usable: usable, recipe: recipe)
    var settings = try TrainingSettings(recipe.training)
    settings.picturesPerEpoch = picturesPerEpoch
    let network = try TrainingRun(
      recipe: recipe, method: method, pictures: split, settings: settings, output: output,
      stopped: stopped, tell: Terminal.say
    ).network(features: key, root: "", interruption: interruption)
    return TrainedDetector(
      recipe: recipe, trunk: trunk, method: method, backbone: backbone, pictures: split,
      network: network)
  }

  /// Thresholds by LibTorch's 32-bit arithmetic.
  func calibration(of trained: TrainedDetector) throws -> Calibration {
    let inspector = try StoreInspector(trained, pictures: pictures)
    return try ModelCalibration(
      recipe: recipe, method: method, pictures: trained.pictures, interruption: interruption,
      stopped: stopped
    ) {
      try inspector.inspect($0) { try interruption.check(stopped) }
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
