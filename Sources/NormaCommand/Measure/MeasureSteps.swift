import ArgumentParser
import Foundation
import NormaCore
import NormaTraining

/// `norma measure steps`: training steps, features to changed weights.
struct MeasureSteps: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "steps", abstract: "Training steps, from stored features to changed weights.",
    discussion: """
      On features made up for it: reading them, jitter, forward and backward
      pass, clipping and the optimiser.
      """)

  @Option(help: "What is trained: the name of a recipe that comes with Norma, or a .yaml file.")
  var recipe: String?

  @Option(help: "Pictures a step.")
  var batch: Int?

  @Option(help: "Steps a round.")
  var steps = 12

  @OptionGroup var rounds: MeasuredRounds

  func validate() throws {
    guard steps > 0 else { throw ValidationError("--steps is \(steps); at least 1 is needed") }
    if let batch, batch < 1 {
      throw ValidationError("--batch is \(batch); at least 1 is needed")
    }
  }

  func run() throws {
    var recipe = try Recipe.named(recipe)
    if let batch { recipe.training.batch = batch }
    let trunk = try recipe.trunk()
    guard let method = try recipe.trainingMethod(trunk) as? any TrainingMethod else {
      throw ValidationError("\(recipe.method) is fitted at once: it has no steps to measure")
    }
    var settings = try TrainingSettings(recipe.training)
    settings.epochs = 1
    let folder = try TemporaryFolder()
    let count = settings.batch * steps
    let store = try Self.store(
      at: folder.path + "/features", count: recipe.pastesTexture ? 2 * count : count,
      shapes: trunk.outputs.map { FeatureShape(channels: $0.channels, grid: $0.grid) })
    let data = TrainingData(
      store: store, training: Array(0..<count), heldOut: [], standardization: nil,
      twins: recipe.pastesTexture ? count : nil)
    try rounds.run("steps") {
      let trainer = try Trainer(method, data: data, settings: settings, fingerprint: "measured")
      var seconds = 0.0
      var done = 0
      _ = try trainer.run(
        checkpoint: nil, report: { (seconds, done) = ($0.secondsOfRun, $0.stepsOfRun) })
      return MeasuredRounds.Round(seconds: seconds, items: done)
    }
  }

  /// Features of no picture, about as large as a backbone gives them.
  private static func store(at path: String, count: Int, shapes: [FeatureShape]) throws
    -> FeatureStore
  {
    let writer = try FeatureStoreWriter(path: path, key: "measured", shapes: shapes, count: count)
    var generator = SeededGenerator(seed: 0, stream: "measured features")
    let size = shapes.reduce(0) { $0 + $1.count }
    for _ in 0..<count {
      let features = (0..<size).map { _ in Float(4 * generator.uniform() - 2) }
      try features.withUnsafeBufferPointer { try writer.append($0) }
    }
    return try writer.finish()
  }
}
