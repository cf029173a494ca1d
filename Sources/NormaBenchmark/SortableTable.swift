import NormaReport

/// A table whose columns sort.
struct SortableTable {
  struct Cell {
    var text: Markup
    /// What it is sorted by; nil for text, NaN for nothing.
    var value: Double?
    var style: String?

    init(_ text: String, value: Double? = nil, style: String? = nil) {
      self.text = Markup(text: text)
      self.value = value
      self.style = style
    }

    init(_ text: Markup, value: Double?, style: String? = nil) {
      self.text = text
      self.value = value
      self.style = style
    }
  }

  var caption: String
  var columns: [String]
  /// The first cell of each is its heading.
  var rows: [(cells: [Cell], attributes: KeyValuePairs<String, String?>)]

  func markup() -> Markup {
    Markup.table(caption, style: "sortable") {
      Markup("thead") {
        Markup("tr") {
          for column in columns { Markup.columnHeading(column) }
        }
      }
      Markup("tbody") {
        for row in rows {
          Markup("tr", row.attributes) {
            for (index, cell) in row.cells.enumerated() {
              if index == 0 {
                Markup.rowHeading { cell.text }
              } else {
                Markup("td", ["class": cell.style, "data-value": Self.sorted(cell.value)]) {
                  cell.text
                }
              }
            }
          }
        }
      }
    }
  }

  /// Without the columns in which no row has a value, such as thresholds where no model has any.
  var withoutEmptyColumns: SortableTable {
    let kept = columns.indices.filter { column in
      column == 0 || rows.isEmpty || rows.contains { $0.cells[column].value?.isNaN != true }
    }
    var result = self
    result.columns = kept.map { columns[$0] }
    result.rows = rows.map { row in (kept.map { row.cells[$0] }, row.attributes) }
    return result
  }

  private static func sorted(_ value: Double?) -> String? {
    value.map { $0.isFinite ? "\($0)" : "" }
  }
}
