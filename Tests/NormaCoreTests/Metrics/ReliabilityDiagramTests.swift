import Foundation
import NormaCore
import Testing

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
