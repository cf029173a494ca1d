import Foundation
import Networks
import NormaCore
import NormaFiles
import NormaTraining
import Testing

/// A method that Norma does not have is added by what stands in `ToyMethod.swift`, and nothing else.
struct ToyMethodTests {
  private func recipe(_ text: String = ToyRecipe.text) throws -> Recipe {
    try Recipe.parse(text, file: "toy.yaml", methods: .withToy)
  }

  private func problem(_ text: String) -> String {
    let problem = #expect(throws: RecipeProblem.self) { try recipe(text) }
    return problem?.description ?? ""
  }

  @Test func itsRecipeIsReadWrittenAndChecked() throws {
    let recipe = try recipe()
    #expect(recipe.title == "Toy" && recipe.rebuildsOneMap && !recipe.pastesTexture)
    #expect(recipe[ToySettings.self].passage == 4 && recipe[ToySettings.self].residual == .product)
    #expect(recipe.backbone.imageSize == 64, "its own default")
    #expect(recipe.yaml.contains("\ntoy:\n  passage: 4\n  residual: product\ntraining:\n"))
    #expect(try self.recipe(recipe.yaml) == recipe)
    #expect(
      problem("method: toy\ntoy:\n  passage: 65\n")
        == "toy.yaml:3: toy.passage: 65 is out of range; 1 to 64")
    #expect(
      problem("method: toy\ntoy:\n  pasage: 3\n")
        == "toy.yaml:3: unknown key 'pasage' in toy (did you mean 'passage'?)")
    #expect(problem("passage: 3\nmethod: toy\n").contains("it belongs in toy"))
    #expect(problem("method: tpy\n").hasSuffix("(did you mean 'toy'?)"))
    #expect(throws: Never.self) { try recipe.validate(grids: [32]) }
    let large = #expect(throws: RecipeProblem.self) { try recipe.validate(grids: [64]) }
    #expect(large?.description == "toy.passage: a toy for grids up to 32")
    // Norma itself does not know it.
    #expect(throws: RecipeProblem.self) { try Recipe.parse(ToyRecipe.text) }
  }

  @Test func whatItLearnsIsTold() throws {
    let plain = try recipe()
    var other = plain
    other[ToySettings.self].residual = .norm
    #expect(other != plain && other.trainsSame(as: plain))
    other[ToySettings.self].passage = 5
    #expect(other.learned.differences(from: plain.learned).map(\.key) == ["toy.passage"])
    let changed = try plain.overriding(
      RecipeOverrides([RecipeOverrides.Entry(key: "toy.passage", yaml: "5")]), file: "plan.yaml")
    #expect(changed[ToySettings.self].passage == 5)
  }

  @Test func itIsTrainedAndExported() throws {
    try withTemporaryFolder { folder in
      let recipe = try recipe()
      let trunk = try recipe.trunk()
      let method = try recipe.trainingMethod(trunk)
      let data = try data(for: trunk, in: folder)
      let training = try method.training(
        on: data, settings: TrainingSettings(recipe.training), fingerprint: recipe.yaml)
      guard
        case .finished(let network) = try training.train(
          checkpoint: nil, checkpointSeconds: 0, shouldStop: { false }, report: { _ in })
      else { throw TrainerTests.TestFailure("the training did not finish") }
      let losses = network.history.epochs.map(\.training)
      #expect(losses.count == 40 && (losses.last ?? 1) < 0.85 * (losses.first ?? 0), "\(losses)")
      #expect(
        network.names == ["narrow.weight", "narrow.bias", "wide.weight", "wide.bias"])

      let backbone = backbone(of: trunk)
      let graph = try DetectorGraph.detector(
        DetectorNetwork(trunk: trunk, method: method, standardization: nil), backbone: backbone,
        weights: network.weights)
      #expect(graph.count > 100_000)
      let side = trunk.imageSize
      let pixels = (0..<2 * side * side * 3).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 / 97) }
      let found = try StoredNetwork(weights: network.weights, standardization: nil).detect(
        pixels, batch: 2, trunk: trunk, method: method, backbone: backbone)
      #expect(found.maps.count == 2 * side * side && found.maps.allSatisfy(\.isFinite))
      #expect(found.scores.count == 2 && found.scores[0] != found.scores[1])
    }
  }

  /// Features of eight pictures: one pattern, with noise of its own for each.
  private func data(for trunk: Trunk, in folder: URL) throws -> TrainingData {
    let shapes = trunk.outputs.map { FeatureShape(channels: $0.channels, grid: $0.grid) }
    let writer = try FeatureStoreWriter(
      path: folder.appendingPathComponent("features").path, key: "k", shapes: shapes, count: 8)
    var generator = SeededGenerator(seed: 1)
    let size = shapes.reduce(0) { $0 + $1.count }
    let pattern = (0..<size).map { _ in Float(generator.normal()) }
    for _ in 0..<8 {
      let values = pattern.map { $0 + 0.1 * Float(generator.normal()) }
      try values.withUnsafeBufferPointer { try writer.append($0) }
    }
    return TrainingData(
      store: try writer.finish(), training: Array(0..<8), heldOut: [], standardization: nil)
  }

  private func backbone(of trunk: Trunk) -> [String: WeightTensor] {
    var generator = SeededGenerator(seed: 2)
    let shapes = trunk.specification.parameterShapes(throughBlock: trunk.taps.last ?? 0)
    return shapes.sorted { $0.key < $1.key }.reduce(into: [:]) { weights, parameter in
      let count = parameter.value.reduce(1, *)
      let fan = Double(parameter.value.dropFirst().reduce(1, *))
      weights[parameter.key] = WeightTensor(
        shape: parameter.value,
        values: (0..<count).map { _ in Float(generator.normal() * (2 / fan).squareRoot()) })
    }
  }
}
