import Foundation
import NormaFiles

/// An evaluation as a table of fixed-width columns for the terminal.
public struct EvaluationTable: Sendable, CustomStringConvertible {
  private let result: EvaluationResult

  public init(_ result: EvaluationResult) { self.result = result }

  private struct Column: Sendable {
    var group: String
    var title: String
    var cell: @Sendable (CategoryResult) -> String?
  }

  /// Metrics as percentages with two decimals, `–` where there is none. Columns without any value,
  /// such as pixel metrics without masks, are left out.
  public var description: String {
    let rows =
      result.categories + (result.categories.count > 1 ? [result.mean, result.pooled] : [])
    let columns = Self.columns.filter { column in rows.contains { column.cell($0) != nil } }
    let cells = rows.map { row in columns.map { $0.cell(row) ?? "–" } }
    let widths = columns.indices.map { column in
      max(columns[column].title.count, cells.map { $0[column].count }.max() ?? 0)
    }
    let nameWidth = max(8, rows.map(\.name.printable.count).max() ?? 0)
    var lines = [Self.groupLine(columns, widths, nameWidth)]
    lines.append(Self.line("category", columns.map(\.title), widths, nameWidth))
    let rule = String(repeating: "─", count: lines[1].count)
    lines.append(rule)
    for (index, row) in rows.enumerated() {
      if index > 0, index == result.categories.count { lines.append(rule) }
      lines.append(Self.line(row.name.printable, cells[index], widths, nameWidth))
    }
    return lines.joined(separator: "\n")
  }

  private static let columns: [Column] = [
    Column(group: "pictures", title: "normal") { "\($0.normalCount)" },
    Column(group: "pictures", title: "anomalous") { "\($0.anomalousCount)" },
    Column(group: "image", title: "AUROC") { percent($0.imageAUROC) },
    Column(group: "image", title: "AP") { percent($0.imageAP) },
    Column(group: "image", title: "F1max") { percent($0.imageF1Max) },
    Column(group: "pixel", title: "AUROC") { percent($0.pixelAUROC) },
    Column(group: "pixel", title: "AP") { percent($0.pixelAP) },
    Column(group: "pixel", title: "AUPRO") { percent($0.aupro) },
    Column(group: "category recognised", title: "false alarms") {
      count($0.verdicts?.falseAlarms)
    },
    Column(group: "category recognised", title: "misses") { count($0.verdicts?.misses) },
    Column(group: "category told", title: "false alarms") { count($0.own?.falseAlarms) },
    Column(group: "category told", title: "misses") { count($0.own?.misses) },
    Column(group: "shared threshold", title: "false alarms") { count($0.shared?.falseAlarms) },
    Column(group: "shared threshold", title: "misses") { count($0.shared?.misses) },
  ]

  private static func percent(_ value: Double?) -> String? {
    value.map { Figures.metric($0, decimals: 2) }
  }

  private static func count(_ value: Int?) -> String? { value.map { "\($0)" } }

  private static func line(
    _ name: String, _ cells: [String], _ widths: [Int], _ nameWidth: Int
  ) -> String {
    let name = name + String(repeating: " ", count: nameWidth - name.count)
    return zip(cells, widths).reduce(name) { line, cell in
      line + String(repeating: " ", count: 2 + cell.1 - cell.0.count) + cell.0
    }
  }

  /// Each group's name over the right end of its columns.
  private static func groupLine(
    _ columns: [Column], _ widths: [Int], _ nameWidth: Int
  ) -> String {
    var line = String(repeating: " ", count: nameWidth)
    for index in columns.indices {
      let end = line.count + 2 + widths[index]
      let isLast = index + 1 == columns.count || columns[index + 1].group != columns[index].group
      line += String(repeating: " ", count: 2 + widths[index])
      if isLast {
        let name = columns[index].group
        line = String(line.prefix(end - min(end, name.count))) + name
      }
    }
    return line
  }
}
