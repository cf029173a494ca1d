import NormaCore
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

/// What the figures of a plan look like.
extension SortableTable.Cell {
  /// A metric over seeds in per cent: `98.4 ± 0.2`, with the bootstrap's bounds below.
  static func metric(_ spread: Spread?, _ interval: Bootstrap.Interval? = nil) -> Self {
    guard let spread else { return Self(Figures.absent, value: .nan) }
    let deviation = spread.deviation.map { " ± " + Figures.metric($0) } ?? ""
    let bounds = interval.map { bounds in
      Markup("span", ["class": "interval"]) {
        " \(Figures.metric(bounds.low))…\(Figures.metric(bounds.high))"
      }
    }
    return Self(
      Markup("span") {
        Figures.metric(spread.mean) + deviation
        bounds
      }, value: spread.mean)
  }

  /// A plain number over seeds.
  static func number(_ spread: Spread?, _ text: (Double) -> String) -> Self {
    guard let spread else { return Self(Figures.absent, value: .nan) }
    let deviation = spread.deviation.map { " ± " + text($0) } ?? ""
    return Self(text(spread.mean) + deviation, value: spread.mean)
  }

  /// A count as a whole number; a mean of several with a decimal.
  static func count(_ value: Double) -> String {
    let isWhole = value == value.rounded() && abs(value) < 1e15
    return isWhole ? Figures.count(Int(value)) : Figures.metric(value / 100)
  }

  /// A paper's figure, in per cent already, and how far the measured one is from it.
  static func published(_ figure: Double?, measured: Spread?) -> [Self] {
    guard let figure else {
      return [Self(Figures.absent, value: .nan), Self(Figures.absent, value: .nan)]
    }
    let known = Self(Figures.metric(figure / 100), value: figure, style: "quiet")
    guard let measured else { return [known, Self(Figures.absent, value: .nan)] }
    return [known, .difference(measured.mean - figure / 100)]
  }

  /// A difference of fractions, in per cent points with its sign.
  static func difference(_ value: Double) -> Self {
    Self(Figures.difference(value), value: value, style: value < 0 ? "worse" : "better")
  }
}
