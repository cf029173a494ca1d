import NormaCore
import NormaReport

/// The page of a plan's results: one table that sorts, the papers' figures beside the measured ones,
/// categories, and every pair of rows compared on the same pictures. It reads without its script,
/// which only sorts and narrows the comparisons.
public enum BenchmarkPage {
  /// The page of `summary`, the same text for the same content; everything from it is escaped.
  public static func html(_ summary: BenchmarkSummary) -> String {
    let done = summary.rows.reduce(0) { $0 + $1.runsDone }
    let all = summary.rows.reduce(0) { $0 + $1.runs }
    var links = [
      (target: "table", text: "Table"), (target: "cost", text: "Cost"),
      (target: "categories", text: "Categories"),
    ]
    let isReviewed = summary.rows.contains { $0.review != nil }
    if isReviewed { links.append((target: "review", text: "Not sure")) }
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
      if isReviewed { ReviewTable(rows: summary.rows).markup() }
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
