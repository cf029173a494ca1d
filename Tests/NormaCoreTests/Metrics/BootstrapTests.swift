import NormaCore
import Testing

@Suite("Bootstrap")
struct BootstrapTests {
  private func category(
    normal: [Float], anomalous: [Float], more: [[Float]] = []
  ) -> Bootstrap.Category {
    Bootstrap.Category(
      labels: normal.map { _ in false } + anomalous.map { _ in true },
      scores: [normal + anomalous] + more)
  }

  @Test func separatedScoresHaveNoSpread() throws {
    let perfect = category(normal: [1, 2, 3], anomalous: [4, 5])
    let interval = try #require(try Bootstrap(resamples: 200).interval([perfect]))
    #expect(interval == Bootstrap.Interval(value: 1, low: 1, high: 1))
    let reversed = category(normal: [4, 5], anomalous: [1, 2, 3])
    #expect(try Bootstrap(resamples: 200).interval([reversed])?.high == 0)
    let tied = category(normal: [7, 7, 7], anomalous: [7, 7])
    let half = try #require(try Bootstrap(resamples: 200).interval([tied]))
    #expect(half == Bootstrap.Interval(value: 0.5, low: 0.5, high: 0.5))
  }

  /// One anomalous picture above k of n normal ones: a resample's AUROC is binomial, k/n ± the
  /// binomial's quantiles.
  @Test func aSingleAnomalyIsBinomial() throws {
    let (n, k) = (100, 70)
    let normal = (0..<n).map { Float($0) }
    let subject = category(normal: normal, anomalous: [Float(k) - 0.5])
    let interval = try #require(try Bootstrap(resamples: 8000, seed: 3).interval([subject]))
    let share = Double(k) / Double(n)
    #expect(abs(interval.value - share) < 1e-12)
    let deviation = (share * (1 - share) / Double(n)).squareRoot()
    #expect(abs(interval.low - (share - 1.96 * deviation)) < 0.015)
    #expect(abs(interval.high - (share + 1.96 * deviation)) < 0.015)
  }

  @Test func theValueIsTheMetricsOwnMean() throws {
    var draws = SeededGenerator(seed: 5)
    func random(_ count: Int) -> [Float] { (0..<count).map { _ in Float(draws.below(12)) } }
    let first = category(normal: random(20), anomalous: random(15), more: [random(35)])
    let second = category(normal: random(9), anomalous: random(30), more: [random(39)])
    let interval = try #require(try Bootstrap(resamples: 300).interval([first, second]))
    let expected =
      try [first, second].map { category in
        try category.scores.compactMap { try Metrics.auroc(scores: $0, labels: category.labels) }
          .reduce(0, +) / 2
      }.reduce(0, +) / 2
    #expect(abs(interval.value - expected) < 1e-12)
    #expect(interval.low < expected && expected < interval.high)
    #expect(try Bootstrap(resamples: 300).interval([first, second]) == interval)
    #expect(try Bootstrap(resamples: 300, seed: 1).interval([first, second]) != interval)
  }

  @Test func aRowDoesNotDifferFromItself() throws {
    var draws = SeededGenerator(seed: 5)
    let scores = (0..<40).map { _ in Float(draws.normal()) }
    let row = category(normal: Array(scores[..<25]), anomalous: Array(scores[25...]))
    let none = try #require(try Bootstrap(resamples: 300).difference([row], [row]))
    #expect(none == Bootstrap.Difference(value: 0, low: 0, high: 0, pValue: 1))
  }

  @Test func aRealDifferenceIsFoundAndPairingCounts() throws {
    var draws = SeededGenerator(seed: 8)
    // What is hard for one row is hard for the other: far apart pictures, a small constant lead.
    let normal = (0..<150).map { _ in draws.normal() }
    let anomalous = (0..<150).map { _ in draws.normal() + 1 }
    func row(_ lead: Double) -> Bootstrap.Category {
      category(normal: normal.map { Float($0) }, anomalous: anomalous.map { Float($0 + lead) })
    }
    let bootstrap = Bootstrap(resamples: 500)
    let found = try #require(try bootstrap.difference([row(0.3)], [row(0)]))
    #expect(found.value > 0.02 && found.low > 0 && found.pValue < 0.05)
    let back = try #require(try bootstrap.difference([row(0)], [row(0.3)]))
    #expect(abs(back.value + found.value) < 1e-12 && back.high < 0)
    let apart = try (bootstrap.interval([row(0.3)]), bootstrap.interval([row(0)]))
    let (strong, weak) = (try #require(apart.0), try #require(apart.1))
    #expect(strong.low < weak.high, "the intervals overlap, the paired difference is clear")
  }

  @Test func oneClassHasNoInterval() throws {
    #expect(
      try Bootstrap(resamples: 100).interval([category(normal: [1, 2], anomalous: [])]) == nil)
    #expect(try Bootstrap(resamples: 100).interval([]) == nil)
    let nan = category(normal: [.nan], anomalous: [1])
    #expect(throws: MetricError.self) { try Bootstrap(resamples: 100).interval([nan]) }
    let (one, two) = (
      category(normal: [1], anomalous: [2]), category(normal: [1, 2], anomalous: [2])
    )
    #expect(throws: MetricError.self) { try Bootstrap(resamples: 100).difference([one], [two]) }
  }
}
