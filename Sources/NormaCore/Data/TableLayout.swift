import Foundation
import NormaFiles

/// A table (CSV) with a header line and the columns `path`, `category`, `split`, `label`, `mask` in
/// any order; only `path` must be there. Paths are relative to the table. A label is normal when it
/// is `normal`, `good` or `0`; anything else names the kind of defect.
enum TableLayout {
  static let name = "table"

  /// - Parameters:
  ///   - root: what paths are relative to; nil: the table's own folder.
  ///   - source: what was read; nil: the table.
  ///   - otherNames: what columns are called in this table, and what they are.
  /// - Throws: `DatasetProblem` that lists the first lines which are wrong, with their numbers.
  static func read(
    _ path: String, root: String? = nil, layout: String = name, source: String? = nil,
    otherNames: [String: String] = [:]
  ) throws -> Dataset {
    var table = try Table(
      path, root: root ?? FilePath.parent(path), layout: layout, otherNames: otherNames)
    for row in table.rows { table.add(row) }
    return try table.finish(source: source ?? path)
  }

  private static func text(of path: String) throws -> String {
    let data = try PosixFile(reading: path).readAll(limit: 1 << 30)
    guard let text = String(validating: data, as: UTF8.self) else {
      throw DatasetProblem("\(path): the table is not UTF-8 text; save it as CSV in UTF-8")
    }
    return text
  }

  private struct Table {
    let path: String
    let columns: TableColumns
    let rows: ArraySlice<CSVText.Row>
    var builder: DatasetBuilder
    var problems: [(line: Int, reason: String)] = []
    var lines = ByName<Int>()
    var otherSplits: [String: Int] = [:]

    init(
      _ path: String, root: String, layout: String, otherNames: [String: String]
    ) throws {
      self.path = path
      let rows: [CSVText.Row]
      do {
        rows = try CSVText.rows(TableLayout.text(of: path))
      } catch let problem as CSVText.Problem {
        throw DatasetProblem("\(path):\(problem.line): \(problem.reason)")
      }
      guard let header = rows.first else {
        throw DatasetProblem(
          "\(path): the table is empty; its first line should be path,category,split,label,mask")
      }
      columns = try TableColumns(header, path: path, otherNames: otherNames)
      self.rows = rows.dropFirst()
      builder = DatasetBuilder(root: root, layout: layout)
      for note in columns.notes(table: FilePath.name(path)) { builder.note(note) }
    }

    mutating func add(_ row: CSVText.Row) {
      guard row.fields.count == columns.count else {
        let found = counted(row.fields.count, "field")
        return refuse(row, "\(found), where the header has \(columns.count)")
      }
      let name = columns.value(.path, row) ?? ""
      guard !name.isEmpty else { return refuse(row, "no path") }
      let category = columns.value(.category, row) ?? FilePath.stem(path)
      guard !category.isEmpty else { return refuse(row, "no category") }
      let label = columns.value(.label, row) ?? "normal"
      guard !label.isEmpty else {
        return refuse(row, "no label; write normal, or the kind of defect")
      }
      guard let split = split(of: row, category: category) else { return }
      if split == .train, Label(label).isAnomalous {
        return refuse(
          row, "a defective picture (\(label)) in split train; training takes normal pictures only")
      }
      add(row, name, category: category, split: split, label: Label(label))
    }

    private mutating func split(of row: CSVText.Row, category: String) -> Split? {
      guard let text = columns.value(.split, row) else { return .train }
      if let split = Split(rawValue: text.lowercased()) { return split }
      if text.isEmpty {
        refuse(row, "no split; write train or test")
      } else {
        builder.add(category: category)
        otherSplits[text, default: 0] += 1
      }
      return nil
    }

    private mutating func add(
      _ row: CSVText.Row, _ name: String, category: String, split: Split, label: Label
    ) {
      let file = located(name)
      if let first = lines[file] {
        return refuse(row, "\(name) stands in line \(first) already")
      }
      lines[file] = row.line
      builder.add(category: category)
      guard builder.isPicture(file, category: category, split: split) else { return }
      var sample = Sample(path: file, category: category, split: split, label: label)
      if let mask = columns.value(.mask, row), !mask.isEmpty,
        builder.isPicture(located(mask), category: category, split: split)
      {
        sample.mask = located(mask)
      }
      builder.add(sample)
    }

    private func located(_ name: String) -> String {
      FilePath.absolute(name.hasPrefix("/") ? name : builder.root + "/" + name)
    }

    private mutating func refuse(_ row: CSVText.Row, _ reason: String) {
      problems.append((row.line, reason))
    }

    mutating func finish(source: String) throws -> Dataset {
      guard problems.isEmpty else {
        var lines = problems.prefix(10).map { "\(path):\($0.line): \($0.reason)" }
        if problems.count > 10 { lines.append("… and \(problems.count - 10) more such lines") }
        throw DatasetProblem(lines.joined(separator: "\n"))
      }
      for (split, count) in otherSplits.sorted(by: { $0.key < $1.key }) {
        builder.note(
          "\(counted(count, "row")) of split '\(split)' left out; train and test are read")
      }
      return builder.dataset(source: source)
    }
  }
}

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
      throw DatasetProblem("\(place): unknown column '\(name)' (did you mean '\(meant)'?)")
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

/// Comma-separated text as RFC 4180 has it: fields in double quotes may hold commas, line breaks
/// and doubled quotes; lines end in CR LF, LF or CR.
package struct CSVText {
  package struct Row: Equatable {
    /// Where the row begins, from 1.
    package var line: Int
    package var fields: [String]
  }

  package struct Problem: Error, Equatable {
    package var line: Int
    package var reason: String

    package init(line: Int, reason: String) {
      self.line = line
      self.reason = reason
    }
  }

  private static let (quote, comma, lineFeed, carriageReturn) = (
    UInt8(ascii: "\""), UInt8(ascii: ","), UInt8(ascii: "\n"), UInt8(ascii: "\r")
  )

  private let bytes: [UInt8]
  private var position = 0
  private var line = 1

  /// The rows of a text; empty lines are left out.
  /// - Throws: `Problem` at the first quote that breaks the rules.
  package static func rows(_ text: String) throws -> [Row] {
    var reader = CSVText(text)
    var rows: [Row] = []
    while reader.position < reader.bytes.count {
      let row = try reader.row()
      if row.fields != [""] { rows.append(row) }
    }
    return rows
  }

  /// A line of fields, in quotes where they need them, with its line break.
  package static func line(_ fields: [String]) -> String {
    let quoted = fields.map { field in
      field.contains { [",", "\"", "\n", "\r", "\r\n"].contains($0) }
        ? "\"" + field.replacing("\"", with: "\"\"") + "\"" : field
    }
    return quoted.joined(separator: ",") + "\r\n"
  }

  private init(_ text: String) {
    let bytes = Array(text.utf8)
    let mark: [UInt8] = [0xEF, 0xBB, 0xBF]  // byte order mark, as spreadsheets write it
    self.bytes = bytes.starts(with: mark) ? Array(bytes.dropFirst(3)) : bytes
  }

  private mutating func row() throws -> Row {
    var row = Row(line: line, fields: [])
    while true {
      row.fields.append(try field())
      guard position < bytes.count, bytes[position] == Self.comma else { break }
      position += 1
    }
    endLine()
    return row
  }

  private mutating func endLine() {
    guard position < bytes.count else { return }
    if bytes[position] == Self.carriageReturn, position + 1 < bytes.count,
      bytes[position + 1] == Self.lineFeed
    {
      position += 1
    }
    position += 1
    line += 1
  }

  private mutating func field() throws -> String {
    if position < bytes.count, bytes[position] == Self.quote { return try quoted() }
    let start = position
    while position < bytes.count {
      switch bytes[position] {
      case Self.comma, Self.lineFeed, Self.carriageReturn:
        return String(decoding: bytes[start..<position], as: UTF8.self)
      case Self.quote:
        throw Problem(
          line: line, reason: "a quote inside a field; put the whole field in quotes, and double it"
        )
      default: position += 1
      }
    }
    return String(decoding: bytes[start...], as: UTF8.self)
  }

  private mutating func quoted() throws -> String {
    let opening = line
    var content: [UInt8] = []
    position += 1
    while position < bytes.count {
      let byte = bytes[position]
      position += 1
      if byte == Self.quote {
        guard position < bytes.count, bytes[position] == Self.quote else {
          return try closed(content)
        }
        position += 1
      }
      if byte == Self.lineFeed || byte == Self.carriageReturn && !nextIs(Self.lineFeed) {
        line += 1
      }
      content.append(byte)
    }
    throw Problem(line: opening, reason: "a quote that begins here is never closed")
  }

  private func nextIs(_ byte: UInt8) -> Bool {
    position < bytes.count && bytes[position] == byte
  }

  private func closed(_ content: [UInt8]) throws -> String {
    if position < bytes.count,
      ![Self.comma, Self.lineFeed, Self.carriageReturn].contains(bytes[position])
    {
      throw Problem(line: line, reason: "something follows the quote that closes a field")
    }
    return String(decoding: content, as: UTF8.self)
  }
}
