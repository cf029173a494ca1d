import Foundation
import NormaBenchmark
import NormaCore
import TestSupport
import Testing

struct BenchmarkSummaryTests {
  private let bootstrap = Bootstrap(resamples: 200)

  private func summary(
    _ rows: [BenchmarkRow], without missing: Set<String> = []
  ) throws -> BenchmarkSummary {
    try BenchmarkSummary(
      title: "Made <up>", dataset: "two & more", rows: rows, bootstrap: bootstrap
    ) { run in
      missing.contains(Fixture.key(run))
        ? nil : try Fixture.record(run, lead: run.row == "strong" ? 6 : 1)
    }
  }

  @Test func spreadsAreMeansAndSampleDeviations() throws {
    let spread = try #require(Spread([1, 2, 6]))
    #expect(spread.mean == 3 && spread.count == 3)
    #expect(abs((spread.deviation ?? 0) - 7.0.squareRoot()) < 1e-12)
    #expect(Spread([4])?.deviation == nil)
    #expect(Spread([]) == nil)
  }

  @Test func aRowIsItsSeedsMean() throws {
    let row = try #require(try summary([Fixture.row("strong")]).rows.first)
    let records = try [0, 1].map { try Fixture.record(Fixture.run("strong", seed: $0), lead: 6) }
    let expected = Spread(records.compactMap(\.result.mean.imageAUROC))
    #expect(row.imageAUROC == expected && expected?.count == 2)
    #expect(abs((row.imageInterval?.value ?? 0) - (expected?.mean ?? 1)) < 1e-9)
    #expect(row.sharedF1 == Spread(records.compactMap(\.result.pooled.imageF1Max)))
    #expect(row.trainingSeconds?.mean == 60.5)
    #expect(row.runsDone == 2 && row.runs == 2 && row.seeds == [0, 1])
    #expect(row.categories.map(\.name) == ["a", "b"])
    #expect(row.sharedOutcome?.misses.count == 2)
  }

  @Test func aSeedCountsWhenAllItsRunsAreDone() throws {
    let rows = [Fixture.row("strong", groups: [["a"], ["b"]])]
    let row = try #require(try summary(rows, without: ["strong 1 b"]).rows.first)
    #expect(row.seeds == [0] && row.runsDone == 3 && row.runs == 4)
    #expect(row.trainingSeconds?.mean == 120, "two models, each a minute")
    #expect(
      row.sharedF1 == nil && row.sharedOutcome == nil && row.ownOutcome != nil,
      "categories with models of their own share no threshold")
    #expect(row.imageAUROC?.deviation == nil)
    let none = try #require(try summary(rows, without: ["strong 0 a", "strong 1 b"]).rows.first)
    #expect(none.imageAUROC == nil && none.imageInterval == nil && none.categories.isEmpty)
  }

  /// - Parameter isSure: whether levels of what is wrong lie far from 1; nil of runs that kept no levels.
  private func summary(
    isSure: Bool?, groups: [[String]] = [["a", "b"]]
  ) throws -> BenchmarkSummary {
    try BenchmarkSummary(
      title: "t", dataset: "d", rows: [Fixture.row("strong", groups: groups)], bootstrap: bootstrap
    ) { run in
      var record = try Fixture.record(run, lead: 1)
      let threshold = try #require(record.result.pooled.shared?.threshold)
      for index in record.pictures.indices {
        let picture = record.pictures[index]
        let flagged = picture.score > threshold
        let isError = flagged != picture.isAnomalous
        record.pictures[index].flagged = flagged
        record.pictures[index].level = isSure.map {
          isError == $0 ? (flagged ? 10 : 0.1) : (flagged ? 1.25 : 0.8)
        }
      }
      return record
    }
  }

  @Test func aRowWithLevelsHasADial() throws {
    func errors(_ row: ReviewDial.Row) -> Int { row.falseAlarms + row.misses }
    let doubtful = try summary(isSure: false)
    let dial = try #require(doubtful.rows[0].review)
    #expect(dial.pictures == 80, "both seeds' pictures of both categories")
    let (all, rest) = (dial.byLevel[0], try #require(dial.byLevel.last))
    #expect(all.sent == 0 && rest.sent == 16 && errors(all) > 0)
    #expect(errors(rest) == max(0, errors(all) - 16), "whatever is sent is an error")
    // Sure where it is wrong: nothing that is sent is an error, while there is anything else.
    let sure = try #require(try summary(isSure: true).rows[0].review).byLevel
    #expect(errors(try #require(sure.last)) == errors(sure[0]))
    let page = BenchmarkPage.html(doubtful)
    #expect(page.contains("id=\"review\"") && ParsedPage.isWellFormed(page))
    let apart = try #require(
      try summary(isSure: false, groups: [["a"], ["b"]]).rows[0].review)
    #expect(apart.pictures == 80, "levels mean the same for each model")
    let silent = try summary(isSure: nil)
    #expect(silent.rows[0].review == nil)
    #expect(!BenchmarkPage.html(silent).contains("id=\"review\""))
  }

  @Test func rowsAreComparedOnTheSamePictures() throws {
    let both = try summary([Fixture.row("strong"), Fixture.row("weak")])
    let pair = try #require(both.comparisons.first)
    #expect(both.comparisons.count == 1 && pair.first == "strong" && pair.second == "weak")
    let means = both.rows.compactMap { $0.imageAUROC?.mean }
    #expect(abs(pair.difference.value - (means[0] - means[1])) < 1e-9)
    #expect(pair.difference.low > 0)
    let apart = try summary([Fixture.row("strong"), Fixture.row("weak", groups: [["a"]])])
    #expect(apart.comparisons.isEmpty)
  }

  @Test func thePageIsWellFormedAndEscaped() throws {
    let published = PublishedFigures(image: 98.4, pixel: 97.5, source: "a <paper> & table")
    let summary = try summary([
      Fixture.row("strong", published: published), Fixture.row("weak"),
    ])
    let page = BenchmarkPage.html(summary)
    #expect(page == BenchmarkPage.html(summary))
    #expect(page.contains("98.4") && page.contains("Made &lt;up&gt;"))
    #expect(!page.contains("<up>") && !page.contains("<paper>"))
    #expect(!page.contains("http://") && !page.contains("https://"))
    #expect(ParsedPage.isWellFormed(page))
    #expect(!ParsedPage.isWellFormed(page.replacingOccurrences(of: "</main>", with: "")))
    let unfinished = BenchmarkPage.html(
      try self.summary([Fixture.row("weak")], without: ["weak 0 ab", "weak 1 ab"]))
    #expect(ParsedPage.isWellFormed(unfinished) && unfinished.contains("0 of 2 runs"))
    // What no row has is no column.
    #expect(page.contains("Misses, told") && !unfinished.contains("Misses, told"))
    #expect(page.contains(">290 ± 0<") && page.contains("1\u{A0}min"))
  }

  @Test func tablesForSpreadsheetsHoldEveryRun() throws {
    let runs = Fixture.row("one, two").runs
    let records = try runs.map { (row: $0.row, record: try Fixture.record($0, lead: 2)) }
    let lines = BenchmarkCSV.results(records).split(separator: "\r\n")
    #expect(lines.count == 1 + 2 * 4, "two runs: two categories, mean, pooled")
    #expect(lines[1].hasPrefix("\"one, two\",ras,ras,0,\"a,b\",,a,10,10,"))
    #expect(lines[1].contains("\"a machine, 2 \"\"cores\"\"\""))
    let summary = try summary([Fixture.row("one, two")])
    let table = BenchmarkCSV.summary(summary).split(separator: "\r\n")
    #expect(table.count == 2 && table[1].hasPrefix("\"one, two\",ras,2,"))
  }
}
