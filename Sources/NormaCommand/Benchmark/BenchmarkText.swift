import Norma
import NormaBenchmark
import NormaCore
import NormaReport

/// A benchmark's table for the terminal.
enum BenchmarkText {
  static func table(_ summary: BenchmarkSummary) -> String {
    var table = TextTable(
      columns: [
        "row", "seeds", "image AUROC", "95 %", "paper", "pixel AUROC", "paper", "AUPRO",
        "F1 own", "F1 shared", "trained",
      ], right: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
    for row in summary.rows {
      let interval =
        row.imageInterval.map { "\(ReportNumbers.metric($0.low))…\(ReportNumbers.metric($0.high))" }
        ?? ReportNumbers.absent
      table.add([
        row.name, "\(row.seeds.count)", text(row.imageAUROC), interval,
        published(row.published?.image), text(row.pixelAUROC), published(row.published?.pixel),
        text(row.aupro), text(row.categoryF1), text(row.sharedF1),
        row.trainingSeconds.map { Figures.duration($0.mean) } ?? ReportNumbers.absent,
      ])
    }
    return table.text
  }

  private static func text(_ spread: Spread?) -> String {
    guard let spread else { return ReportNumbers.absent }
    return ReportNumbers.metric(spread.mean)
      + (spread.deviation.map { " ± \(ReportNumbers.metric($0))" } ?? "")
  }

  private static func published(_ figure: Double?) -> String {
    figure.map { ReportNumbers.metric($0 / 100) } ?? ReportNumbers.absent
  }

}
