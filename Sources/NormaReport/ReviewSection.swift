import NormaCore

/// What it is worth to send the least sure pictures to a person.
struct ReviewSection {
  let dial: ReviewDial

  func markup() -> Markup {
    Markup("section", ["id": "review"]) {
      Markup("h2") { "Not sure" }
      Markup("p", ["class": "prose"]) {
        "The model says how sure it is of each picture. When a person looks at the least sure ones of "
          + "these \(ReportNumbers.count(dial.pictures)) test pictures, the shared threshold makes "
          + "these errors among the others. To compare: a person looks at those whose scores lie "
          + "nearest to the threshold."
      }
      table
    }
  }

  private var table: Markup {
    Markup.table("Errors among the rest", style: "outcomes") {
      Markup("thead") {
        Markup("tr") {
          Markup.groupHeading(columns: 2) { "To a person" }
          Markup.groupHeading(columns: 3) { "By uncertainty" }
          Markup.groupHeading(columns: 3) { "By score" }
        }
        Markup("tr") {
          for title in ["share", "pictures"] { Markup.columnHeading(title) }
          for _ in 0..<2 {
            for title in ["false alarms", "missed", "errors"] { Markup.columnHeading(title) }
          }
        }
      }
      Markup("tbody") {
        for (first, second) in zip(dial.byUncertainty, dial.byScore) {
          Markup("tr") {
            Markup.rowHeading { ReportNumbers.share(first.share) }
            Markup.cell(ReportNumbers.count(first.sent))
            cells(first)
            cells(second)
          }
        }
      }
    }
  }

  @MarkupBuilder
  private func cells(_ row: ReviewDial.Row) -> Markup {
    Markup.cell(ReportNumbers.count(row.falseAlarms), style: "first")
    Markup.cell(ReportNumbers.count(row.misses))
    Markup.cell(ReportNumbers.share(row.errorRate))
  }
}
