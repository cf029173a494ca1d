import Norma
import NormaReport
import Testing

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
