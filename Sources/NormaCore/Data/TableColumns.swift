/// Which column of a table holds what.
struct TableColumns {
  enum Column: String, CaseIterable {
    case path, category, split, label, mask
  }

  /// Columns in the header.
  let count: Int
  private var places: [Column: Int] = [:]
  private var unknown: [String] = []

  /// - Parameters:
  ///   - path: the table's, for errors.
  ///   - otherNames: what columns are called in this table, and what they are.
  /// - Throws: `DatasetProblem` when the header is not one.
  init(_ header: CSVText.Row, path: String, otherNames: [String: String] = [:]) throws {
    count = header.fields.count
    let names = header.fields.map(TableColumns.trimmed)
    let place = "\(path):\(header.line)"
    for (separator, word) in [(";", "semicolons"), ("\t", "tabs")]
    where names.count == 1 && names[0].contains(separator) {
      throw DatasetProblem(
        "\(place): the columns are separated by \(word); save the table with commas")
    }
    for (index, name) in names.enumerated() {
      let known = otherNames[name.lowercased()] ?? name.lowercased()
      guard let column = Column(rawValue: known) else {
        unknown.append(name)
        continue
      }
      guard places.updateValue(index, forKey: column) == nil else {
        throw DatasetProblem("\(place): two columns are named '\(name)'")
      }
    }
    let missing = Column.allCases.filter { places[$0] == nil }.map(\.rawValue)
    // A misspelt column would silently count as one that is not there.
    for name in unknown {
      guard let meant = Spelling.nearest(to: name.lowercased(), among: missing) else { continue }
      throw DatasetProblem("\(place): unknown column '\(name)'; did you mean '\(meant)'?")
    }
    guard places[.path] != nil else {
      throw DatasetProblem(
        "\(place): there is no column 'path' in the header (found: "
          + "\(names.joined(separator: ", "))); the first line should be "
          + "path,category,split,label,mask")
    }
  }

  /// The row's field in that column; nil when the table has no such column.
  func value(_ column: Column, _ row: CSVText.Row) -> String? {
    places[column].map { TableColumns.trimmed(row.fields[$0]) }
  }

  /// What follows from columns that are not there.
  func notes(table: String) -> [String] {
    var notes: [String] = []
    if places[.category] == nil {
      notes.append("no column category: all pictures are one category")
    }
    if places[.split] == nil { notes.append("no column split: all pictures are for training") }
    if places[.label] == nil { notes.append("no column label: all pictures are taken as normal") }
    if !unknown.isEmpty { notes.append("columns not used: \(unknown.joined(separator: ", "))") }
    return notes.map { "\(table): \($0)" }
  }

  private static func trimmed(_ text: String) -> String {
    let blank: (Character) -> Bool = { $0 == " " || $0 == "\t" }
    let start = text.drop(while: blank)
    return String(start.reversed().drop(while: blank).reversed())
  }
}
