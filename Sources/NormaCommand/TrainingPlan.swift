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
  let output: String
  let resume: Bool
  /// Start anew, whatever an earlier training left.
  let force: Bool
  let reader: PictureReader
  /// The state of a training under way lies here, beside the output.
  var workFolder: String { output + ".training" }
  static let checkpointName = "checkpoint.safetensors"
  /// What is said when the training was stopped.
  let stopped: String
  /// What hears how the work goes, a line at a time.
  let tell: (String) -> Void
  var checkpoint: String { workFolder + "/" + Self.checkpointName }

  /// - Parameters:
  ///   - dataset: looked at already, so that all its pictures can be read.
  ///   - output: the model folder to write.
  ///   - resume: go on where an earlier training of this output stopped.
  ///   - force: start anew, whatever an earlier training left.
  ///   - stopped: what an interruption says: what was kept, and how to go on.
  /// - Throws: when the output cannot be written, or the recipe cannot be with its backbone.
  init(
    recipe: Recipe, dataset: Dataset, output: String, resume: Bool, force: Bool,
    reader: PictureReader, stopped: String, tell: @escaping (String) -> Void = Terminal.say
  ) throws {
    try Self.check(output, resume: resume, force: force)
    let trunk = try recipe.trunk()
    try recipe.validate(grids: trunk.outputs.map(\.grid.height))
    self.recipe = recipe
    self.dataset = dataset
    self.trunk = trunk
    self.output = output
    self.resume = resume
    self.force = force
    self.reader = reader
    self.tell = tell
    method = try recipe.trainingMethod(trunk)
    self.stopped =
      method is any FittedMethod
      ? "Stopped. The features are kept; the same command begins with them." : stopped
    backbone = try BackboneWeights.load(
      recipe.backbone.name, taps: trunk.taps, from: recipe.backbone.weights)
  }

  /// Refuses to overwrite; removes nothing.
  static func check(_ output: String, resume: Bool, force: Bool) throws {
    let exists = FilePath.exists(output)
    let started = FilePath.exists(output + ".training/" + checkpointName)
    if force {
      guard !exists || FilePath.exists(output + "/" + ModelFile.manifest) else {
        throw FileProblem(
          path: output, reason: "it is not a model, and --force replaces nothing else")
      }
      return
    }
    if exists && !(resume && started) {
      throw FileProblem(
        path: output,
        reason: resume
          ? "the model is finished: there is nothing to resume; --force trains it anew"
          : "the output exists; --force replaces it")
    }
    if started && !resume {
      throw FileProblem(
        path: output,
        reason: "an interrupted training of it was found; --resume goes on, --force starts anew")
    }
  }
}
