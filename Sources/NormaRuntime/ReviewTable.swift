import Foundation
import Norma
import NormaCore

/// A review dial as a table for the terminal.
struct ReviewTable {
  private let dial: ReviewDial

  init(_ dial: ReviewDial) { self.dial = dial }

  var text: String {
    var table = TextTable(
      columns: [
        "to a person", "pictures", "by uncertainty: false alarms", "missed", "errors",
        "by score: false alarms", "missed", "errors",
      ], right: Set(0..<8))
    for (first, second) in zip(dial.byUncertainty, dial.byScore) {
      table.add([Self.percent(first.share), "\(first.sent)"] + cells(first) + cells(second))
    }
    return
      "errors of the shared threshold among the rest, when a person looks at the least sure\n\n"
      + table.text
  }

  private func cells(_ row: ReviewDial.Row) -> [String] {
    ["\(row.falseAlarms)", "\(row.misses)", Self.percent(row.errorRate)]
  }

  private static func percent(_ share: Double) -> String {
    String(format: "%.1f %%", locale: Locale(identifier: "en_US_POSIX"), 100 * share)
  }
}
