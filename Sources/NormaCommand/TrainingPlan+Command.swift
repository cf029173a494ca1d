import CommandLineBasics
import Networks
import Norma
import NormaCore
import NormaTraining

extension TrainingPlan {
  /// What `norma train` was asked to do.
  init(_ command: TrainCommand, cancellation: Cancellation) throws {
    let options = command.training
    let place = TrainingOutput(
      model: options.output, resume: options.resume, force: options.force)
    try place.check()
    let reused = try command.weightsOf.map { ReusedNetwork(model: try ModelFolder.open($0)) }
    let recipe = try Self.recipe(command, reused)
    try recipe.validate(grids: recipe.trunk().outputs.map(\.grid.height))
    try self.init(
      recipe: recipe, dataset: Self.dataset(command, cancellation), place: place,
      reader: command.pictures.reader, reused: reused)
  }

  private static func recipe(
    _ command: TrainCommand, _ reused: ReusedNetwork?
  ) throws -> Recipe {
    let wishes = command.training
    var recipe = try wishes.wishedRecipe(instead: reused?.model.manifest.recipe)
    if wishes.recipe == nil, wishes.backbone == nil, reused == nil {
      recipe.backbone.name = defaultBackbone(preferred: recipe.backbone.name)
    }
    if let size = command.imageSize { recipe.backbone.imageSize = size }
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
    _ command: TrainCommand, _ cancellation: Cancellation
  ) throws -> Dataset {
    var dataset = try DatasetReader.read(
      command.dataset, isEmptyMask: command.pictures.reader.isEmptyMask)
    if let names = command.categories {
      dataset = try dataset.selecting(categories: names.commaSeparated)
    }
    return try Self.readable(dataset, reader: command.pictures.reader, cancellation)
  }

  /// `dataset` without what cannot be read, after a table of what it holds.
  static func readable(
    _ dataset: Dataset, reader: PictureReader, _ cancellation: Cancellation,
    tell: (String) -> Void = Terminal.say
  ) throws -> Dataset {
    let progress = ProgressLine(
      "Looking at the pictures", total: dataset.samples.count, unit: "pictures")
    defer { progress.clear() }
    let summary = try DatasetSummary(
      dataset, probe: { path in Result { try reader.probe(path) } },
      progress: { done, _ in
        progress.update(done)
        try cancellation.check("Stopped; nothing was begun.")
      })
    progress.clear()
    tell(summary.text)
    try summary.dataset.validateForTraining()
    return summary.dataset
  }
}
