import NormaCore
import NormaReport

/// Every pair of rows on the same pictures.
struct ComparisonsTable {
  let summary: BenchmarkSummary

  func markup() -> Markup {
    Markup("section", ["id": "comparisons"]) {
      Markup("h2") { "Row against row" }
      Markup("p", ["class": "note"]) {
        "The difference of image AUROC on the same pictures, in points, with the 95 % interval of a "
          + "bootstrap that draws the pictures for both at once. An interval without 0 says that "
          + "other pictures of this kind would hardly turn the order; it says nothing of other seeds."
      }
      Markup("p", ["class": "chooser", "hidden": "hidden"]) {
        "Only pairs with "
        Markup("select", ["aria-label": "Row"]) {
          Markup("option", ["value": ""]) { "any row" }
          for row in summary.rows { Markup("option", ["value": row.name]) { row.name } }
        }
      }
      SortableTable(
        caption: "Differences of rows",
        columns: ["Row", "against", "difference", "95 % interval", "p"],
        rows: summary.comparisons.map { pair in
          (
            [
              .init(Markup.name(pair.first), value: nil),
              .init(Markup.name(pair.second), value: nil),
              .difference(pair.difference.value), .init(interval(pair.difference)),
              .init(Figures.pValue(pair.difference.pValue), value: pair.difference.pValue),
            ], ["data-first": pair.first, "data-second": pair.second]
          )
        }
      ).markup()
    }
  }

  private func interval(_ difference: Bootstrap.Difference) -> String {
    func signed(_ value: Double) -> String {
      (value < 0 ? "−" : "+") + Figures.metric(abs(value))
    }
    return "\(signed(difference.low)) … \(signed(difference.high))"
  }
}
