import Norma
import NormaCore

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
    Markup(
      "div", ["class": "scroller", "role": "region", "aria-label": caption, "tabindex": "0"]
    ) {
      Markup("table", ["class": "sortable"]) {
        Markup("caption", ["class": "unseen"]) { caption }
        Markup("thead") {
          Markup("tr") {
            for column in columns { Markup("th", ["scope": "col"]) { column } }
          }
        }
        Markup("tbody") {
          for row in rows {
            Markup("tr", row.attributes) {
              for (index, cell) in row.cells.enumerated() {
                if index == 0 {
                  Markup("th", ["scope": "row"]) { cell.text }
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

extension SortableTable.Cell {
  /// A metric over seeds in per cent: `98.4 ± 0.2`, with the bootstrap's bounds below.
  static func metric(_ spread: Spread?, _ interval: Bootstrap.Interval? = nil) -> Self {
    guard let spread else { return Self(ReportNumbers.absent, value: .nan) }
    let deviation = spread.deviation.map { " ± " + ReportNumbers.metric($0) } ?? ""
    let bounds = interval.map { bounds in
      Markup("span", ["class": "interval"]) {
        " \(ReportNumbers.metric(bounds.low))…\(ReportNumbers.metric(bounds.high))"
      }
    }
    return Self(
      Markup("span") {
        ReportNumbers.metric(spread.mean) + deviation
        bounds
      }, value: spread.mean)
  }

  /// A plain number over seeds.
  static func number(_ spread: Spread?, _ text: (Double) -> String) -> Self {
    guard let spread else { return Self(ReportNumbers.absent, value: .nan) }
    let deviation = spread.deviation.map { " ± " + text($0) } ?? ""
    return Self(text(spread.mean) + deviation, value: spread.mean)
  }

  /// A count as a whole number; a mean of several with a decimal.
  static func count(_ value: Double) -> String {
    let isWhole = value == value.rounded() && abs(value) < 1e15
    return isWhole ? ReportNumbers.count(Int(value)) : ReportNumbers.metric(value / 100)
  }

  /// A paper's figure, in per cent already, and how far the measured one is from it.
  static func published(_ figure: Double?, measured: Spread?) -> [Self] {
    guard let figure else {
      return [Self(ReportNumbers.absent, value: .nan), Self(ReportNumbers.absent, value: .nan)]
    }
    let known = Self(ReportNumbers.metric(figure / 100), value: figure, style: "quiet")
    guard let measured else { return [known, Self(ReportNumbers.absent, value: .nan)] }
    return [known, .difference(measured.mean - figure / 100)]
  }

  /// A difference of fractions, in per cent points with its sign.
  static func difference(_ value: Double) -> Self {
    let text = (value < 0 ? "−" : "+") + ReportNumbers.metric(abs(value))
    return Self(text, value: value, style: value < 0 ? "worse" : "better")
  }
}

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
              .number(row.trainingSeconds) { ReportNumbers.duration($0) },
              .number(row.epochs, SortableTable.Cell.count),
              .number(row.steps, SortableTable.Cell.count),
              .number(row.millisecondsPerPicture) { ReportNumbers.value($0) },
              .number(row.peakAnonymousBytes) { ReportNumbers.value($0 / 1_048_576) + " MiB" },
            ], [:]
          )
        }
      ).markup()
    }
  }
}

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
              .init(ReportNumbers.pValue(pair.difference.pValue), value: pair.difference.pValue),
            ], ["data-first": pair.first, "data-second": pair.second]
          )
        }
      ).markup()
    }
  }

  private func interval(_ difference: Bootstrap.Difference) -> String {
    func signed(_ value: Double) -> String {
      (value < 0 ? "−" : "+") + ReportNumbers.metric(abs(value))
    }
    return "\(signed(difference.low)) … \(signed(difference.high))"
  }
}
