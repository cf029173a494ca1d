import NormaCore
import NormaReport

/// Image and pixel AUROC of every category.
struct CategoriesTable {
  let rows: [BenchmarkSummary.Row]

  func markup() -> Markup {
    let names = Set(rows.flatMap { $0.categories.map(\.name) }).sorted()
    return Markup("section", ["id": "categories"]) {
      Markup("h2") { "Categories" }
      Markup("p", ["class": "note"]) { "Image / pixel AUROC in per cent, sorted by the first." }
      SortableTable(
        caption: "AUROC by row and category", columns: ["Row"] + names,
        rows: rows.map { row in
          (
            [SortableTable.Cell(Markup.name(row.name), value: nil)]
              + names.map { name in cell(row.categories.first { $0.name == name }) }, [:]
          )
        }
      ).markup()
    }
  }

  private func cell(_ category: BenchmarkSummary.Category?) -> SortableTable.Cell {
    let image = SortableTable.Cell.metric(category?.imageAUROC)
    let pixel = SortableTable.Cell.metric(category?.pixelAUROC)
    return .init(
      Markup("span") {
        image.text
        " / "
        pixel.text
      }, value: image.value)
  }
}
