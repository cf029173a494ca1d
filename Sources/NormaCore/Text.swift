import Foundation
import NormaFiles

/// A table for the terminal: a header, a line under it, columns as wide as they need to be.
public struct TextTable: Sendable {
  private var rows: [[String]]
  private let right: Set<Int>

  /// - Parameter right: the columns, counted from 0, that are aligned to the right.
  public init(columns: [String], right: Set<Int> = []) {
    rows = [columns]
    self.right = right
  }

  /// Names in it may hold what would break its lines, which is shown as escapes.
  public mutating func add(_ row: [String]) { rows.append(row.map(\.printable)) }

  /// Lines without a trailing line break or trailing blanks.
  public var text: String {
    let count = rows.map(\.count).max() ?? 0
    let widths = (0..<count).map { column in
      rows.map { column < $0.count ? $0[column].count : 0 }.max() ?? 0
    }
    var lines = rows.map { line($0, widths) }
    lines.insert(widths.map { String(repeating: "─", count: $0) }.joined(separator: "  "), at: 1)
    return lines.joined(separator: "\n")
  }

  private func line(_ row: [String], _ widths: [Int]) -> String {
    let cells = row.enumerated().map { column, cell in
      let blanks = String(repeating: " ", count: widths[column] - cell.count)
      return right.contains(column) ? blanks + cell : cell + blanks
    }
    let joined = cells.joined(separator: "  ")
    return String(joined.reversed().drop { $0 == " " }.reversed())
  }
}

/// Values as JSON text: keys sorted, so that equal values give equal text.
public enum JSONText {
  /// `value` in one line.
  public static func line(_ value: some Encodable) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(value), as: UTF8.self)
  }
}

/// Names in a sentence: all of them, or the first twenty and how many more there are.
package func listed(_ names: [String]) -> String {
  let shown = names.prefix(20).joined(separator: ", ")
  return names.count > 20 ? "\(shown) and \(names.count - 20) more" : shown
}

extension String {
  /// The names in a list: `a, b,c` gives `[a, b, c]`. Empty ones are left out.
  public var commaSeparated: [String] {
    split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }.filter { !$0.isEmpty }
  }
}
