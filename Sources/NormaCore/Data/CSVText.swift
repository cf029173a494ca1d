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
