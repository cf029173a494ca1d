import NormaCore
import NormaReport

/// The accuracy of every row.
struct ResultsTable {
  let rows: [BenchmarkSummary.Row]

  func markup() -> Markup {
    Markup("section", ["id": "table"]) {
      Markup("h2") { "Table" }
      Markup("p", ["class": "note"]) {
        "In per cent, the mean over categories; ± is the standard deviation over seeds, the range "
          + "behind image AUROC the 95 % interval of a bootstrap over the pictures. F1 is the best "
          + "that a threshold of each category's own, and one for all, would reach; false alarms and "
          + "misses are of the thresholds that the model came with. A click on a heading sorts."
      }
      SortableTable(
        caption: "Accuracy by row",
        columns: [
          "Row", "Seeds", "Image AUROC", "paper", "difference", "Pixel AUROC", "paper",
          "difference",
          "AUPRO", "F1, own", "F1, shared", "False alarms, own", "Misses, own",
          "False alarms, shared", "Misses, shared",
        ], rows: rows.map { (cells($0), [:]) }
      ).withoutEmptyColumns.markup()
      sources
    }
  }

  private func cells(_ row: BenchmarkSummary.Row) -> [SortableTable.Cell] {
    let name = SortableTable.Cell(Markup.name(row.name), value: nil)
    let unfinished = row.runsDone < row.runs ? " (\(row.runsDone)/\(row.runs) runs)" : ""
    let seeds = SortableTable.Cell(
      "\(row.seeds.count)" + unfinished, value: Double(row.seeds.count))
    let count = SortableTable.Cell.count
    return [name, seeds, .metric(row.imageAUROC, row.imageInterval)]
      + SortableTable.Cell.published(row.published?.image, measured: row.imageAUROC)
      + [.metric(row.pixelAUROC)]
      + SortableTable.Cell.published(row.published?.pixel, measured: row.pixelAUROC)
      + [
        .metric(row.aupro), .metric(row.categoryF1), .metric(row.sharedF1),
        .number(row.ownOutcome?.falseAlarms, count), .number(row.ownOutcome?.misses, count),
        .number(row.sharedOutcome?.falseAlarms, count), .number(row.sharedOutcome?.misses, count),
      ]
  }

  @MarkupBuilder private var sources: Markup {
    let named = Set(rows.compactMap { $0.published?.source }).sorted()
    if !named.isEmpty {
      Markup("p", ["class": "note below"]) {
        "The papers' figures are of their own data and training: " + named.joined(separator: "; ")
          + "."
      }
    }
  }
}
