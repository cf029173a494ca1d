import Foundation
import Norma
import NormaReport
import Testing

@Suite struct ReportChartTests {
  @Test func linearAxisEndsOnRoundTicks() throws {
    let axis = try #require(ChartAxis.linear([0.03, 0.97, .nan]))
    #expect(axis.ticks.map(\.label) == ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"])
    #expect(axis.position(0) == 0 && axis.position(1) == 1 && axis.position(7) == 1)
    #expect(abs(axis.position(0.25) - 0.25) < 1e-12)
  }

  @Test func tightAxisHasTicksWithinOnly() throws {
    let axis = try #require(
      ChartAxis.linear([1, 60], count: 8, isTight: true, wholeNumbers: true))
    #expect(axis.ticks.map(\.label) == ["10", "20", "30", "40", "50", "60"])
    #expect(axis.position(1) == 0 && axis.position(60) == 1)
    let few = try #require(ChartAxis.linear([1, 3], count: 8, isTight: true, wholeNumbers: true))
    #expect(few.ticks.map(\.label) == ["1", "2", "3"])
  }

  @Test func axesOfOneValueOrNone() throws {
    let axis = try #require(ChartAxis.linear([5]))
    #expect(axis.lower < 5 && axis.upper > 5 && axis.ticks.count >= 2)
    #expect(ChartAxis.linear([.nan, .infinity]) == nil)
    #expect(ChartAxis.logarithmic([0, -1, .nan]) == nil)
    #expect(ChartAxis.logarithmic([2])?.ticks.isEmpty == false)
  }

  @Test func logarithmicAxisIsEvenInRatios() throws {
    let axis = try #require(ChartAxis.logarithmic([0.04, 0.95]))
    #expect(axis.ticks.map(\.label) == ["0.05", "0.1", "0.2", "0.5", "1"])
    let step = axis.position(0.2) - axis.position(0.1)
    #expect(abs(axis.position(0.4) - axis.position(0.2) - step) < 1e-9)
    let wide = try #require(ChartAxis.logarithmic([1e-12, 1e8]))
    #expect((3...7).contains(wide.ticks.count))
    for narrow in [[1.0, 1.01], [0.31, 0.36], [0.9, 2.1], [1, 9]] {
      let axis = try #require(ChartAxis.logarithmic(narrow))
      #expect((2...10).contains(axis.ticks.count), "\(narrow): \(axis.ticks)")
    }
  }

  @Test func binsBesideTheThresholdHoldExactlyTheErrors() throws {
    var state: UInt64 = 1
    func next() -> Double {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Double(state >> 40) / Double(1 << 24)
    }
    let normal = (0..<200).map { _ in next() }
    let anomalous = (0..<300).map { _ in 0.5 + next() }
    for threshold in [normal[7], anomalous[9], 0.75, -1, 3] {
      let bins = try #require(
        ScoreHistogram(normal: normal, anomalous: anomalous, threshold: threshold))
      let first = try #require(bins.firstFlagged)
      #expect(bins.normal.reduce(0, +) == 200 && bins.anomalous.reduce(0, +) == 300)
      #expect(bins.normal[first...].reduce(0, +) == normal.count { $0 > threshold })
      #expect(bins.anomalous[..<first].reduce(0, +) == anomalous.count { $0 <= threshold })
      #expect(abs(bins.edge(first) - threshold) < 1e-9)
    }
  }

  @Test func histogramOfEqualScoresAndOfNone() throws {
    let bins = try #require(
      ScoreHistogram(normal: [1, 1], anomalous: [1, .nan], threshold: nil))
    #expect(bins.normal.reduce(0, +) == 2 && bins.anomalous.reduce(0, +) == 1)
    #expect(bins.width > 0 && bins.firstFlagged == nil)
    #expect(ScoreHistogram(normal: [], anomalous: [1], threshold: nil) == nil)
    #expect(ScoreHistogram(normal: [.nan], anomalous: [1], threshold: 1) == nil)
  }

  @Test func rocCurveIsExactAndShort() {
    func curve(_ normal: [Double], _ anomalous: [Double]) -> [[Double]] {
      ReportContent.rocCurve(normal: normal, anomalous: anomalous)
        .map { [$0.falsePositiveRate, $0.truePositiveRate] }
    }
    #expect(curve([1, 2], [3, 4]) == [[0, 0], [0, 1], [1, 1]])
    #expect(curve([1, 3], [2, 4]) == [[0, 0], [0, 0.5], [0.5, 0.5], [0.5, 1], [1, 1]])
    // Equal scores change sides together.
    #expect(curve([1, 1], [1, 1, 1]) == [[0, 0], [1, 1]])
    #expect(curve([], [1]).isEmpty && curve([1], []).isEmpty && curve([.nan], [1]).isEmpty)
  }

  @Test func worstFirstByFate() {
    let scores = [0.5, .nan, 0.9, 0.1, 0.5]
    #expect(ReportContent.Fate.missed.worstFirst(scores) == [3, 0, 4, 2, 1])
    #expect(ReportContent.Fate.caught.worstFirst(scores) == [3, 0, 4, 2, 1])
    #expect(ReportContent.Fate.falselyFlagged.worstFirst(scores) == [2, 0, 4, 3, 1])
  }
}

@Suite struct StepChartTests {
  private func chart(_ lines: [StepChart.Line], coversAll: Bool = false) -> StepChart {
    StepChart(
      title: "image AUROC", stepTitle: "deviation <in> pixels", steps: ["0", "1", "4"],
      reference: 0, lines: lines, coversAll: coversAll)
  }

  @Test func stepsStandEvenlyAndLinesRunThroughTheirValues() throws {
    let figure = try #require(
      chart([
        StepChart.Line(name: "a & b", style: "line-0", values: [1, 0.9, 0.6]),
        StepChart.Line(name: "c", style: "line-1", values: [0.8, nil, .nan]),
      ]).markup())
    let page = try ParsedPage("<div>\(figure.source)</div>")
    // 60 to 100 per cent in the axis' own bounds.
    #expect(
      page.all("polyline", style: "line-0").map { $0.attributes["points"] }
        == ["0,0 500,250 1000,1000"])
    #expect(page.all("circle", style: "line-0").count == 3)
    #expect(page.all("circle", style: "line-1").count == 1)
    #expect(page.all("line", style: "upright").map { $0.attributes["x1"] } == ["0.00%"])
    #expect(page.all("circle", style: "line-0").first?.text == "a & b, 0: 100.0")
    let texts = page.all("text").map(\.text)
    for label in ["0", "1", "4", "60", "100", "deviation <in> pixels"] {
      #expect(texts.contains(label), "\(label) in \(texts)")
    }
  }

  @Test func ratesStandOnTheWholeAxis() throws {
    let figure = try #require(
      chart([StepChart.Line(name: "a", style: "line-0", values: [0.5, 0.5, 0.5])], coversAll: true)
        .markup())
    let page = try ParsedPage("<div>\(figure.source)</div>")
    #expect(
      page.all("polyline").map { $0.attributes["points"] } == ["0,500 500,500 1000,500"])
  }

  @Test func nothingIsDrawnOfNothing() {
    #expect(chart([StepChart.Line(name: "a", style: "", values: [nil, .nan])]).markup() == nil)
    #expect(chart([]).markup() == nil)
  }
}
