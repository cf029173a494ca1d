import Foundation
import Norma
import NormaCore
import NormaJobs
import NormaTraining
import Testing

/// The precision of a new model where its recipe leaves it to what agrees.
@Suite struct PrecisionChoiceTests {
  private static func detection(_ score: Float, map: [Float] = [0, 1, 2, 3]) -> PictureDetection {
    PictureDetection(
      score: score, map: AnomalyMap(width: 2, height: 2, values: map), feature: [],
      original: PictureSize(width: 2, height: 2))
  }

  private static func comparison(
    _ before: [Float], _ after: [Float], maps: [Float] = [0, 1, 2, 3], category: String = "a"
  ) -> PrecisionComparison {
    var comparison = PrecisionComparison()
    for (old, new) in zip(before, after) {
      comparison.add(detection(old), detection(new, map: maps), category: category)
    }
    return comparison
  }

  /// A factor on all scores of a category is what thresholds take up.
  @Test func whatScoresHigherAsAWholeAgrees() {
    let scores: [Float] = [1, 2, 3, 4, 5]
    let doubled = Self.comparison(scores, scores.map { 2 * $0 })
    #expect(doubled.levelChange < 1e-6)
    #expect(abs(doubled.rankCorrelation - 1) < 1e-12)
    #expect(PrecisionChoice.obstacles(doubled).isEmpty)
  }

  /// The picture that moves most, as a share of the highest score.
  @Test func aLevelThatMovesDoesNot() {
    let moved = Self.comparison([1, 2, 3, 4, 5], [1, 2, 3, 4.2, 5])
    #expect(abs(moved.levelChange - 0.2 / 5) < 1e-6)
    #expect(abs(moved.rankCorrelation - 1) < 1e-12)
    let obstacles = PrecisionChoice.obstacles(moved)
    #expect(obstacles.count == 1 && obstacles[0].contains("moves levels by up to 0.04"))
    #expect(PrecisionChoice.obstacles(Self.comparison([1, 2, 5], [1, 2.05, 5])).isEmpty)
  }

  /// Scores that lie close together change places by little.
  @Test func anotherOrderDoesNot() {
    let before: [Float] = [1, 1.001, 1.002, 1.003]
    let turned = Self.comparison(before, before.reversed())
    #expect(turned.levelChange < PrecisionChoice.levelChange)
    #expect(abs(turned.rankCorrelation + 1) < 1e-12)
    #expect(PrecisionChoice.obstacles(turned).contains { $0.hasPrefix("orders them otherwise") })
    // ρ of one exchanged pair of four: 1 − 6·2/(4·15).
    let exchanged = Self.comparison(before, [1, 1.002, 1.001, 1.003])
    #expect(abs(exchanged.rankCorrelation - 0.8) < 1e-9)
  }

  /// Within categories: that one scores higher than the other says nothing.
  @Test func ranksAreOfACategory() {
    var comparison = Self.comparison([1, 2], [1, 2])
    for (old, new) in [(Float(100), Float(101)), (101, 100)] {
      comparison.add(Self.detection(old), Self.detection(new), category: "b")
    }
    #expect(abs(comparison.rankCorrelation) < 1e-12)
  }

  @Test func equalScoresShareARank() {
    #expect(Self.comparison([1, 1, 1], [2, 2, 2]).rankCorrelation == 1)
    #expect(Self.comparison([1, 1, 1], [1, 2, 3]).rankCorrelation == 0)
    #expect(Self.comparison([1], [5]).rankCorrelation == 1)
  }

  @Test func mapsThatShowOtherPlacesDoNot() {
    let other = Self.comparison([1, 2, 3], [1, 2, 3], maps: [0, 1, 3, 2])
    #expect(PrecisionChoice.obstacles(other).contains { $0.hasPrefix("changes the maps") })
  }

  @Test func aScoreOfNothingIsNoAgreement() {
    #expect(Self.comparison([0, 0], [1, 1]).levelChange == .infinity)
  }

  /// The choice is the manifest's, and the recipe still says that it was left open. What is chosen depends on
  /// the processor; that it is said does not.
  @Test func aTrainingSaysWhatItChose() throws {
    let bench = try JobBench()
    let text = try String(contentsOfFile: bench.folder["ras.yaml"], encoding: .utf8)
    try bench.folder.file("auto.yaml", text: text + "\nscoring: {precision: auto}\n")
    let model = try bench.train("auto", output: "auto.norma")
    let chosen = try #require(model.manifest.modelPrecision)
    #expect(model.manifest.recipe.scoring.precision == .auto)
    let note = try #require(bench.observer.notes.first { $0.hasPrefix("Inspects in ") })
    #expect(note.hasPrefix("Inspects in \(chosen.title): "), "\(note)")
    // The network is the same, and so are the thresholds of a model that was told to.
    try bench.folder.file(
      "said.yaml", text: text + "\nscoring: {precision: \(chosen.rawValue)}\n")
    let said = try bench.train("said", output: "said.norma")
    for file in [ModelFile.weights, ModelFile.graph, ModelFile.calibration] {
      #expect(try model.data(file) == said.data(file), "\(file)")
    }
    #expect(said.manifest.precision == model.manifest.precision)
    let detector = try Detector(model: model, options: .init(cacheFolder: nil))
    #expect(detector.caution == nil)
  }

  @Test func aMethodThatCannotDoesNot() throws {
    let bench = try JobBench()
    let text = try String(contentsOfFile: bench.folder["patchcore.yaml"], encoding: .utf8)
    try bench.folder.file("auto.yaml", text: text + "\nscoring: {precision: auto}\n")
    let model = try bench.train("auto", output: "auto.norma")
    #expect(model.manifest.modelPrecision == .f32)
    #expect(
      bench.observer.notes.contains("Inspects in float32: PatchCore does not work in bf16."))
  }
}
