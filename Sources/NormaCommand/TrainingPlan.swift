import Foundation
import Networks
import Norma
import NormaCore
import NormaTraining

/// What `norma train` was asked to do, checked before any work starts: recipe, data set, weights,
/// output.
struct TrainingPlan {
  let recipe: Recipe
  let dataset: Dataset
  let backbone: BackboneWeights
  let trunk: Trunk
  let method: any TrainingMethod
  let output: String
  let resume: Bool
  /// Start anew, whatever an earlier training left.
  let force: Bool
  let reader: PictureReader
  /// The state of a training under way lies here, beside the output.
  var workFolder: String { output + ".training" }
  static let checkpointName = "checkpoint.safetensors"
  /// What is said when a training was stopped.
  var stopped: String {
    "Stopped. The training so far is kept; the same command with --resume"
      + (force ? " (instead of --force)" : "") + " goes on."
  }
  var checkpoint: String { workFolder + "/" + Self.checkpointName }

  init(_ command: TrainCommand, interruption: Interruption) throws {
    let output = FilePath.absolute(command.output)
    try Self.check(output, resume: command.resume, force: command.force)
    let recipe = try Self.recipe(command)
    let trunk = try recipe.trunk()
    try recipe.validate(grids: trunk.outputs.map(\.grid.height))
    let dataset = try Self.dataset(command, interruption)
    self.recipe = recipe
    self.dataset = dataset
    self.trunk = trunk
    self.output = output
    resume = command.resume
    force = command.force
    reader = command.pictures.reader
    method = try recipe.trainingMethod(trunk)
    backbone = try BackboneWeights.load(
      recipe.backbone.name, taps: trunk.taps, from: recipe.backbone.weights)
  }

  /// Refuses to overwrite; removes nothing.
  private static func check(_ output: String, resume: Bool, force: Bool) throws {
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

  private static func recipe(_ command: TrainCommand) throws -> Recipe {
    var recipe = try command.recipe.map { try Recipe.read(RecipeCatalog.find($0)) } ?? Recipe()
    if let backbone = command.backbone {
      recipe.backbone.name = backbone
    } else if command.recipe == nil {
      recipe.backbone.name = defaultBackbone(preferred: recipe.backbone.name)
    }
    if let epochs = command.epochs { recipe.training.epochs = epochs }
    if let batch = command.batch { recipe.training.batch = batch }
    if let size = command.imageSize { recipe.backbone.imageSize = size }
    if let seed = command.seed { recipe.training.seed = seed }
    try recipe.validate()
    return recipe
  }

  /// The recipe's backbone where its weights are found, else Lite0's, which set-up fetches.
  private static func defaultBackbone(preferred: String) -> String {
    let fallback = "efficientnet-lite0"
    for name in [preferred, fallback] {
      guard let known = KnownBackbone.named(name), WeightsRegistry.standard.find(known) != nil
      else { continue }
      Terminal.say("No recipe given: RAS with \(name).")
      return name
    }
    return preferred
  }

  private static func dataset(
    _ command: TrainCommand, _ interruption: Interruption
  ) throws -> Dataset {
    var dataset = try DatasetReader.read(command.dataset)
    if let names = command.categories {
      dataset = try dataset.selecting(categories: names.commaSeparated)
    }
    let reader = command.pictures.reader
    let progress = ProgressLine(
      "Looking at the pictures", total: dataset.samples.count, unit: "pictures")
    defer { progress.clear() }
    let summary = try DatasetSummary(
      dataset, probe: { path in Result { try reader.probe(path) } },
      progress: { done, _ in
        progress.update(done)
        try interruption.check("Stopped; nothing was begun.")
      })
    progress.clear()
    Terminal.say(summary.text)
    try summary.dataset.validateForTraining()
    return summary.dataset
  }
}
