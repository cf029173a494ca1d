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
      Markup(
        "div",
        [
          "class": "scroller", "role": "region", "aria-label": "Errors among the rest",
          "tabindex": "0",
        ]
      ) { table }
    }
  }

  private var table: Markup {
    Markup("table", ["class": "outcomes"]) {
      Markup("caption", ["class": "unseen"]) { "Errors among the rest" }
      Markup("thead") {
        Markup("tr") {
          Markup("th", ["scope": "colgroup", "colspan": "2", "class": "group"]) { "To a person" }
          Markup("th", ["scope": "colgroup", "colspan": "3", "class": "group"]) {
            "By uncertainty"
          }
          Markup("th", ["scope": "colgroup", "colspan": "3", "class": "group"]) { "By score" }
        }
        Markup("tr") {
          for title in ["share", "pictures"] { heading(title) }
          for _ in 0..<2 {
            for title in ["false alarms", "missed", "errors"] { heading(title) }
          }
        }
      }
      Markup("tbody") {
        for (first, second) in zip(dial.byUncertainty, dial.byScore) {
          Markup("tr") {
            Markup("th", ["scope": "row"]) { ReportNumbers.share(first.share) }
            cell(ReportNumbers.count(first.sent))
            cells(first)
            cells(second)
          }
        }
      }
    }
  }

  @MarkupBuilder
  private func cells(_ row: ReviewDial.Row) -> Markup {
    cell(ReportNumbers.count(row.falseAlarms), style: "first")
    cell(ReportNumbers.count(row.misses))
    cell(ReportNumbers.share(row.errorRate))
  }

  private func heading(_ text: String) -> Markup { Markup("th", ["scope": "col"]) { text } }

  private func cell(_ text: String, style: String? = nil) -> Markup {
    Markup("td", ["class": style]) { text }
  }
}
