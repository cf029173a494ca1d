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
    var lines: [String: Int] = [:]
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
      if let first = lines.updateValue(row.line, forKey: file) {
        return refuse(row, "\(name) stands in line \(first) already")
      }
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
