import Foundation
import NormaBenchmark
import NormaCore
import TestSupport

/// Made-up runs of two rows, two seeds and two categories.
enum Fixture {
  static func run(_ row: String, seed: Int, categories: [String] = ["a", "b"]) -> BenchmarkRun {
    var recipe = Recipe()
    recipe.training.seed = seed
    return BenchmarkRun(
      row: row, recipeName: "ras", recipe: recipe, categories: categories, jitter: nil)
  }

  static func row(
    _ name: String, seeds: [Int] = [0, 1], groups: [[String]] = [["a", "b"]],
    published: PublishedFigures? = nil
  ) -> BenchmarkRow {
    BenchmarkRow(
      name: name, recipeName: "ras", jitter: nil, published: published,
      runs: seeds.flatMap { seed in groups.map { run(name, seed: seed, categories: $0) } })
  }

  static func key(_ run: BenchmarkRun) -> String {
    "\(run.row) \(run.seed) \(run.categories.joined())"
  }

  /// - Parameter lead: how far above the normal pictures the anomalous ones score.
  static func record(_ run: BenchmarkRun, lead: Float) throws -> BenchmarkRecord {
    let pictures = run.categories.flatMap { category in
      (0..<20).map { number in
        let isAnomalous = number >= 10
        return ScoredPicture(
          path: "\(category)/test/\(number + 10).png", category: category,
          isAnomalous: isAnomalous,
          score: Float((number * 7 + run.seed) % 10) + (isAnomalous ? lead : 0))
      }
    }
    let calibration = try Calibration.fit(
      scores: ["a": [0, 1, 2, 3], "b": [0, 2, 4, 6]], source: .holdout, rate: 0.2)
    var record = BenchmarkRecord(
      key: key(run), plan: "fixture", row: run.row, recipe: "ras", method: "ras", seed: run.seed,
      categories: run.categories.joined(separator: ","), jitter: nil, dataset: "made up",
      fingerprint: "f", recipeYAML: run.recipe.yaml,
      result: try EvaluationResult(pictures: pictures, calibration: calibration),
      pictures: pictures)
    record.trainingSeconds = 60 + Double(run.seed)
    record.epochs = 10
    record.steps = 290
    record.millisecondsPerPicture = 12.5
    record.peakAnonymousBytes = 500 << 20
    record.losses = "[[1,0.5,0.6],[2,0.4,null]]"
    record.machine = "a machine, 2 \"cores\""
    record.finished = "2026-01-01T00:00:00Z"
    return record
  }

  static func withFolder<Result>(_ body: (String) throws -> Result) throws -> Result {
    let folder = try TemporaryFolder()
    return try withExtendedLifetime(folder) { try body(folder.path) }
  }
}
