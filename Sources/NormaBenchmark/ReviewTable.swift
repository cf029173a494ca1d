import NormaCore
import NormaReport

/// What it is worth, in each row that knows how sure it is, to send the least sure pictures to a person.
struct ReviewTable {
  let rows: [BenchmarkSummary.Row]

  private static let shares = [0.05, 0.1]

  func markup() -> Markup {
    Markup("section", ["id": "review"]) {
      Markup("h2") { "Not sure" }
      Markup("p", ["class": "note"]) {
        "False alarms and misses of the threshold for all categories, in all seeds together; then those "
          + "that are left when a person looks at a share of each model's pictures: the least sure ones, or, "
          + "to compare, those whose scores lie nearest to the threshold."
      }
      SortableTable(
        caption: "Errors that are left by row",
        columns: ["Row", "Pictures", "Errors"]
          + Self.shares.flatMap { share in
            ["uncertainty", "score"].map { "\(Figures.page.share(share)) by \($0)" }
          },
        rows: rows.compactMap { row in row.review.map { (cells(row, $0), [:]) } }
      ).markup()
    }
  }

  private func cells(_ row: BenchmarkSummary.Row, _ dial: ReviewDial) -> [SortableTable.Cell] {
    [
      .init(Markup.name(row.name), value: nil),
      .init(Figures.count(dial.pictures), value: Double(dial.pictures)),
      cell(dial.byUncertainty, 0),
    ]
      + Self.shares.flatMap { share in
        [cell(dial.byUncertainty, share), cell(dial.byScore, share)]
      }
  }

  private func cell(_ dial: [ReviewDial.Row], _ share: Double) -> SortableTable.Cell {
    guard let row = dial.first(where: { $0.share == share }) else {
      return .init(Figures.absent, value: .nan)
    }
    return .init(
      "\(row.falseAlarms) + \(row.misses)", value: Double(row.falseAlarms + row.misses))
  }
}
