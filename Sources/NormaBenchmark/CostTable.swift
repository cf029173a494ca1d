import NormaCore
import NormaReport

/// What every row costs.
struct CostTable {
  let rows: [BenchmarkSummary.Row]

  func markup() -> Markup {
    Markup("section", ["id": "cost"]) {
      Markup("h2") { "Cost" }
      Markup("p", ["class": "note"]) {
        "Training is its own time, without the features; a row of several models has their sum. "
          + "Milliseconds per picture are those of testing, decoding included. Memory is the largest "
          + "sum of the process's own pages."
      }
      SortableTable(
        caption: "Cost by row",
        columns: ["Row", "Training", "Epochs", "Steps", "ms per picture", "Memory"],
        rows: rows.map { row in
          (
            [
              .init(Markup.name(row.name), value: nil),
              .number(row.trainingSeconds) { Figures.page.duration($0) },
              .number(row.epochs, SortableTable.Cell.count),
              .number(row.steps, SortableTable.Cell.count),
              .number(row.millisecondsPerPicture) { Figures.value($0) },
              .number(row.peakAnonymousBytes) { Figures.value($0 / 1_048_576) + " MiB" },
            ], [:]
          )
        }
      ).markup()
    }
  }
}
