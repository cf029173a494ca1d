import NormaCore
import NormaReport

/// The page of a plan's results: one table that sorts, the papers' figures beside the measured ones,
/// categories, and every pair of rows compared on the same pictures. It reads without its script,
/// which only sorts and narrows the comparisons.
public enum BenchmarkPage {
  /// The page of `summary`, the same text for the same content; everything from it is escaped.
  public static func html(_ summary: BenchmarkSummary) -> String {
    let (done, all) = (summary.runsDone, summary.runs)
    var links = [
      (target: "table", text: "Table"), (target: "cost", text: "Cost"),
      (target: "categories", text: "Categories"),
    ]
    if summary.isReviewed { links.append((target: "review", text: "Not sure")) }
    if !summary.comparisons.isEmpty {
      links.append((target: "comparisons", text: "Row against row"))
    }
    let shell = PageShell(
      title: summary.title, kind: "benchmark",
      lede: "\(summary.dataset), \(done == all ? "" : "\(done) of ")"
        + Figures.count(all, "run", "runs"),
      links: links, toolVersion: NormaVersion.current, script: script, style: style)
    return shell.html {
      ResultsTable(rows: summary.rows).markup()
      CostTable(rows: summary.rows).markup()
      CategoriesTable(rows: summary.rows).markup()
      if summary.isReviewed { ReviewedRowsTable(rows: summary.rows).markup() }
      if !summary.comparisons.isEmpty { ComparisonsTable(summary: summary).markup() }
    }
  }

  private static let style = """
    th button {
      all: unset; cursor: pointer; font: inherit; color: inherit;
    }
    th button:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
    th[aria-sort="ascending"] button::after { content: " ↑"; }
    th[aria-sort="descending"] button::after { content: " ↓"; }
    tbody th { min-width: 9rem; }
    .interval { color: var(--soft); font-size: .85em; }
    .better { color: var(--normal); }
    .worse { color: var(--anomalous); }
    .chooser { margin: .8rem 0; }
    .chooser select { font: inherit; color: inherit; background: var(--raised); }

    """

  // The page is XML as well: no ampersand and no less-than sign may stand in here.
  private static let script = """

    (function () {
      'use strict';
      function value(row, index) {
        var cell = row.children[index];
        var text = cell.getAttribute('data-value');
        return text === null ? cell.textContent : text === '' ? -Infinity : Number(text);
      }
      Array.from(document.querySelectorAll('table.sortable')).forEach(function (table) {
        var headings = Array.from(table.querySelectorAll('thead th'));
        headings.forEach(function (heading, index) {
          var button = document.createElement('button');
          button.textContent = heading.textContent;
          heading.textContent = '';
          heading.appendChild(button);
          button.addEventListener('click', function () {
            var falling = heading.getAttribute('aria-sort') !== 'descending';
            headings.forEach(function (other) { other.removeAttribute('aria-sort'); });
            heading.setAttribute('aria-sort', falling ? 'descending' : 'ascending');
            var body = table.tBodies[0];
            Array.from(body.rows).sort(function (a, b) {
              var x = value(a, index), y = value(b, index);
              var order = x === y ? 0 : x > y ? 1 : -1;
              return falling ? -order : order;
            }).forEach(function (row) { body.appendChild(row); });
          });
        });
      });
      var chooser = document.querySelector('.chooser select');
      if (chooser) {
        chooser.parentElement.hidden = false;
        chooser.addEventListener('change', function () {
          var rows = document.querySelectorAll('#comparisons tbody tr');
          Array.from(rows).forEach(function (row) {
            var names = [row.getAttribute('data-first'), row.getAttribute('data-second')];
            row.hidden = chooser.value !== '' ? !names.includes(chooser.value) : false;
          });
        });
      }
    })();

    """
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
          + "misses are of the thresholds that the model came with: of the category recognised, of the "
          + "category told, and of the one for all. A click on a heading sorts."
      }
      SortableTable(
        caption: "Accuracy by row",
        columns: [
          "Row", "Seeds", "Image AUROC", "paper", "difference", "Pixel AUROC", "paper",
          "difference",
          "AUPRO", "F1, own", "F1, shared", "False alarms", "Misses", "False alarms, told",
          "Misses, told",
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
        .number(row.verdicts?.falseAlarms, count), .number(row.verdicts?.misses, count),
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

/// What it is worth, in each row, to send the pictures in doubt to a person.
struct ReviewedRowsTable {
  let rows: [BenchmarkSummary.Row]

  private static let shares = [0.05, 0.1]

  func markup() -> Markup {
    Markup("section", ["id": "review"]) {
      Markup("h2") { "Not sure" }
      Markup("p", ["class": "note"]) {
        "False alarms and misses, category recognised, in all seeds together; then those that are left when "
          + "a person looks at a share of each model's pictures: unknown ones first, then those that lie "
          + "nearest to their threshold, on the scale that all categories share."
      }
      SortableTable(
        caption: "Errors that are left by row",
        columns: ["Row", "Pictures", "Errors"]
          + Self.shares.map { "\(Figures.page.share($0)) looked at" },
        rows: rows.compactMap { row in row.review.map { (cells(row, $0), [:]) } }
      ).markup()
    }
  }

  private func cells(_ row: BenchmarkSummary.Row, _ dial: ReviewDial) -> [SortableTable.Cell] {
    [
      .init(Markup.name(row.name), value: nil),
      .init(Figures.count(dial.pictures), value: Double(dial.pictures)),
      cell(dial.byLevel, 0),
    ] + Self.shares.map { cell(dial.byLevel, $0) }
  }

  private func cell(_ dial: [ReviewDial.Row], _ share: Double) -> SortableTable.Cell {
    guard let row = dial.first(where: { $0.share == share }) else {
      return .init(Figures.absent, value: .nan)
    }
    return .init(
      "\(row.falseAlarms) + \(row.misses)", value: Double(row.falseAlarms + row.misses))
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
              .init(Figures.pValue(pair.difference.pValue), value: pair.difference.pValue),
            ], ["data-first": pair.first, "data-second": pair.second]
          )
        }
      ).markup()
    }
  }

  private func interval(_ difference: Bootstrap.Difference) -> String {
    "\(Figures.difference(difference.low)) … \(Figures.difference(difference.high))"
  }
}
