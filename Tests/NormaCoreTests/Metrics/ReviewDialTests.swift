import Foundation
import NormaCore
import Testing

struct ReviewDialTests {
  /// Judged by its level, or unknown and flagged for that.
  private func picture(
    _ isAnomalous: Bool, _ level: Double, isUnknown: Bool = false
  ) -> ReviewDial.Picture {
    ReviewDial.Picture(
      isAnomalous: isAnomalous, flagged: level > 1 || isUnknown, level: level,
      isUnknown: isUnknown)
  }

  /// Ten pictures, three of them wrong: one false alarm, nearest to its threshold, and two misses.
  private var pictures: [ReviewDial.Picture] {
    [
      picture(false, 1.01), picture(true, 0.9), picture(true, 0.05), picture(false, 0.8),
      picture(false, 0.1), picture(false, 0.2), picture(false, 0.3), picture(true, 9),
      picture(true, 7), picture(true, 1.5),
    ]
  }

  @Test func theNearestToTheirThresholdGoFirst() {
    let dial = ReviewDial(pictures, shares: [0, 0.1, 0.2, 0.3, 1])
    #expect(dial.pictures == 10)
    #expect(dial.byLevel.map(\.sent) == [0, 1, 2, 3, 10])
    #expect(dial.byLevel.map(\.falseAlarms) == [1, 0, 0, 0, 0])
    // 1.01, then 0.9; 0.05 is as far as 20.
    #expect(dial.byLevel.map(\.misses) == [2, 2, 1, 1, 0])
    let rates: [Double] = [0.3, 2.0 / 9.0, 0.125, 1.0 / 7.0, 0]
    #expect(dial.byLevel.map(\.errorRate) == rates)
  }

  @Test func unknownOnesGoBeforeAll() {
    let unknown = [picture(false, 0, isUnknown: true), picture(true, 0.02, isUnknown: true)]
    let dial = ReviewDial(pictures + unknown, shares: [0, 1.0 / 12, 2.0 / 12, 3.0 / 12])
    #expect(dial.byLevel.map(\.sent) == [0, 1, 2, 3])
    // The unknown one that is normal is a false alarm, until it is looked at.
    #expect(dial.byLevel.map(\.falseAlarms) == [2, 1, 1, 0])
    #expect(dial.byLevel.map(\.misses) == [2, 2, 2, 2])
  }

  /// Errors are the verdicts' own, whatever the score.
  @Test func verdictsDecideWhatIsAnError() throws {
    func scored(_ flagged: Bool?, _ level: Double?) -> ScoredPicture {
      ScoredPicture(
        path: "a.png", category: "a", isAnomalous: true, score: 9, flagged: flagged, level: level)
    }
    #expect(
      ReviewDial.Picture(scored(nil, 2)) == nil && ReviewDial.Picture(scored(true, nil)) == nil)
    let missed = try #require(ReviewDial.Picture(scored(false, 0.5)))
    #expect(ReviewDial([missed], shares: [0]).byLevel[0].misses == 1)
  }

  @Test func eachModelSendsItsOwnShare() {
    let shy = (0..<10).map { picture($0 == 0, $0 == 0 ? 0.9 : 0.8) }
    let bold = (0..<10).map { picture($0 == 0, $0 == 0 ? 0.2 : 0.1) }
    let dial = ReviewDial(models: [shy, bold], shares: [0, 0.1])
    #expect(dial.pictures == 20)
    #expect(dial.byLevel.map(\.sent) == [0, 2])
    #expect(dial.byLevel.map(\.misses) == [2, 0], "each sends the one that it is least sure of")
    #expect(ReviewDial(shy + bold, shares: [0.1]).byLevel[0].misses == 1)
  }

  @Test func aLevelOfZeroIsFarFromTheThreshold() {
    let dial = ReviewDial([picture(true, 0), picture(true, 0.5)], shares: [0.5])
    #expect(dial.byLevel[0].misses == 1 && dial.byLevel[0].sent == 1)
    #expect(ReviewDial([], shares: [0.5]).byLevel[0].errorRate == 0)
  }
}

struct ReliabilityDiagramTests {
  private func diagram(
    _ said: [(Float, Double)], bins: Int = 10
  ) throws -> ReliabilityDiagram? {
    var counter = ReliabilityDiagram.Counter(bins: bins)
    for (probability, truth) in said { try counter.add(probability, truth: truth) }
    return counter.diagram
  }

  @Test func numbersAreThoseOfPaperAndPencil() throws {
    // Below ½: mean 0.1875, none anomalous. Above, 1 included: mean 0.8125, three of four.
    let found = try #require(
      try diagram(
        [(0.125, 0), (0.25, 0), (0.625, 1), (0.75, 0), (0.875, 1), (1, 1)], bins: 2))
    #expect(found.count == 6 && found.bins.map(\.count) == [2, 4])
    #expect(found.bins.map(\.lower) == [0, 0.5] && found.bins.map(\.upper) == [0.5, 1])
    #expect(found.bins.map(\.probability) == [0.1875, 0.8125])
    #expect(found.bins.map(\.observed) == [0, 0.75])
    // 2/6 · 0.1875 + 4/6 · 0.0625
    #expect(abs(found.expectedCalibrationError - 0.625 / 6) < 1e-12)
    #expect(abs(found.probability - 3.625 / 6) < 1e-12 && found.observed == 0.5)
  }

  @Test func emptyBinsAreLeftOutAndNothingHasNoDiagram() throws {
    let found = try #require(try diagram([(0.05, 0), (0.97, 1)]))
    #expect(found.bins.map(\.lower) == [0, 0.9])
    #expect(try diagram([]) == nil)
  }

  @Test func whatIsAnomalousInPartCountsInPart() throws {
    let found = try #require(try diagram([(0.25, 0.5), (0.25, 0)]))
    #expect(found.observed == 0.25 && found.expectedCalibrationError == 0)
  }

  @Test func whatHoldsHasNoErrorAndWhatIsSureAndWrongHasAll() throws {
    let honest = (0..<100).map { (Float(0.3), $0 < 30 ? 1.0 : 0) }
    #expect(try #require(try diagram(honest)).expectedCalibrationError < 1e-6)
    #expect(try #require(try diagram([(1, 0), (0, 1)])).expectedCalibrationError == 1)
  }

  @Test func roundingIsHeldAndNaNRefused() throws {
    let found = try #require(try diagram([(1.000_001, 1), (-1e-7, 0)]))
    #expect(found.expectedCalibrationError == 0)
    #expect(throws: MetricError.self) { try diagram([(.nan, 0)]) }
  }

  @Test func itSurvivesJSON() throws {
    let found = try #require(try diagram([(0.3, 0), (0.8, 1)]))
    let data = try JSONEncoder().encode(found)
    #expect(try JSONDecoder().decode(ReliabilityDiagram.self, from: data) == found)
    let text = String(decoding: data, as: UTF8.self)
    #expect(text.contains("expectedCalibrationError") && text.contains("\"observed\""))
  }
}
