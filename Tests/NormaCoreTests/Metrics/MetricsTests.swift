import NormaCore
import Testing

@Suite struct MetricsTests {
  /// Scores of few levels, so that most are tied.
  private func random(_ seed: UInt64, count: Int, levels: Int) -> (scores: [Float], labels: [Bool])
  {
    var generator = Draws(seed: seed)
    let labels = (0..<count).map { _ in Int.random(in: 0..<3, using: &generator) == 0 }
    let scores = labels.map { label in
      Float(Int.random(in: -levels..<levels, using: &generator) + (label ? levels / 3 : 0)) / 7
    }
    return (scores, labels)
  }

  @Test(arguments: [3, 8, 40, 4000] as [Int])
  func equalsTheDefinitionsWithTies(levels: Int) throws {
    for seed in 1...5 {
      let (scores, labels) = random(UInt64(seed), count: 150, levels: levels)
      let result = try Metrics.image(scores: scores, labels: labels)
      #expect(abs(try #require(result.auroc) - Naive.auroc(scores, labels)) < 1e-12)
      let precision = try #require(result.averagePrecision)
      #expect(abs(precision - Naive.averagePrecision(scores, labels)) < 1e-12)
      #expect(abs(try #require(result.f1Max) - Naive.f1Max(scores, labels)) < 1e-12)
      #expect(try Metrics.auroc(scores: scores, labels: labels) == result.auroc)
      #expect(try Metrics.averagePrecision(scores: scores, labels: labels) == precision)
      #expect(try Metrics.f1Max(scores: scores, labels: labels) == result.f1Max)
    }
  }

  @Test func worstAndBestRankingsAreReportedAsTheyAre() throws {
    let labels = [false, false, true, true]
    #expect(try Metrics.auroc(scores: [1, 2, 3, 4], labels: labels) == 1)
    #expect(try Metrics.averagePrecision(scores: [1, 2, 3, 4], labels: labels) == 1)
    #expect(try Metrics.auroc(scores: [4, 3, 2, 1], labels: labels) == 0)
    #expect(
      try Metrics.averagePrecision(scores: [4, 3, 2, 1], labels: labels) == (1 / 3 + 0.5) / 2)
  }

  @Test func equalScoresRankNothing() throws {
    let labels = [true, false, false, false]
    let result = try Metrics.image(scores: [2, 2, 2, 2], labels: labels)
    #expect(result.auroc == 0.5)
    #expect(result.averagePrecision == 0.25)
    #expect(result.f1Max == 0.4)
  }

  @Test func zeroesOfBothSignsAndInfinitiesAreRanked() throws {
    let labels = [false, true, false, true]
    #expect(try Metrics.auroc(scores: [0, -0.0, 0, -0.0], labels: labels) == 0.5)
    let infinite: [Float] = [
      -.infinity, -.leastNonzeroMagnitude, .leastNonzeroMagnitude, .infinity,
    ]
    #expect(try Metrics.auroc(scores: infinite, labels: labels) == 0.75)
  }

  @Test func oneClassAloneHasNoMetric() throws {
    for labels in [[true, true], [false, false]] {
      let result = try Metrics.image(scores: [1, 2], labels: labels)
      #expect(result == ImageResult(auroc: nil, averagePrecision: nil, f1Max: nil))
    }
    #expect(try Metrics.auroc(scores: [], labels: []) == nil)
  }

  @Test func notANumberIsRefusedByItsIndex() {
    #expect(throws: MetricError.notANumber(what: "score", index: 1)) {
      try Metrics.auroc(scores: [1, .nan, 2], labels: [true, false, true])
    }
    #expect(throws: MetricError.lengths(what: "labels", found: 1, expected: 2)) {
      try Metrics.auroc(scores: [1, 2], labels: [true])
    }
  }
}
