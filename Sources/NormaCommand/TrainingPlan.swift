import CommandLineBasics
import Foundation
import Networks
import Norma
import NormaCore
import NormaTraining

/// A training that was asked for, checked before any work starts: recipe, data set, weights, output.
struct TrainingPlan {
  let recipe: Recipe
  let dataset: Dataset
  let backbone: BackboneWeights
  let trunk: Trunk
  let method: any LearningMethod
  let place: TrainingOutput
  var output: String { place.model }
  let reader: PictureReader
  /// Whose network is taken; nil: one is trained.
  let reused: ReusedNetwork?
  /// What is said when the training was stopped.
  let stopped: String
  /// What hears how the work goes, a line at a time.
  let tell: (String) -> Void

  /// - Parameters:
  ///   - dataset: looked at already, so that all its pictures can be read.
  ///   - place: the model folder to write.
  ///   - reused: whose network is taken, where none is to be trained.
  ///   - stopped: what an cancellation says; nil: what the place says.
  /// - Throws: when the output cannot be written, or the recipe cannot be with its backbone.
  init(
    recipe: Recipe, dataset: Dataset, place: TrainingOutput, reader: PictureReader,
    reused: ReusedNetwork? = nil, stopped: String? = nil,
    tell: @escaping (String) -> Void = Terminal.say
  ) throws {
    try place.check()
    let trunk = try recipe.trunk()
    try recipe.validate(grids: trunk.outputs.map(\.grid.height))
    self.recipe = recipe
    self.dataset = dataset
    self.trunk = trunk
    self.place = place
    self.reader = reader
    self.reused = reused
    self.tell = tell
    method = try recipe.trainingMethod(trunk)
    self.stopped =
      method is any FittedMethod || reused != nil
      ? "Stopped. The features are kept; the same command begins with them."
      : stopped ?? place.stopped
    backbone = try BackboneWeights.load(
      recipe.backbone.name, taps: trunk.taps, from: recipe.backbone.weights)
    try reused?.check(recipe, backbone: backbone)
  }
}
