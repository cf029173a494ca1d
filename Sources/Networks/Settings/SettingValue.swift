/// Something that a key of a recipe can hold.
package protocol SettingValue: Codable, Sendable, Equatable {
  /// - Throws: ``SettingValueProblem`` saying what was expected and what is there.
  init(yaml: SettingNode) throws
  /// The value as YAML in one line.
  var yaml: String { get }
}

/// A value of the wrong kind.
package struct SettingValueProblem: Error {
  package var reason: String

  package init(expected: String, found node: SettingNode) {
    reason = "expected \(expected), found \(node.shown)"
  }

  init(_ reason: String) { self.reason = reason }
}

extension Int: SettingValue {
  package init(yaml node: SettingNode) throws {
    guard let text = node.plain, let value = Int(text) else {
      throw SettingValueProblem(expected: "a whole number", found: node)
    }
    self = value
  }

  package var yaml: String { "\(self)" }
}

extension Double: SettingValue {
  /// `7e-4` counts as a number, which YAML itself would take for text.
  package init(yaml node: SettingNode) throws {
    guard let text = node.plain, let value = Double(text), value.isFinite else {
      throw SettingValueProblem(expected: "a number", found: node)
    }
    self = value
  }

  package var yaml: String {
    let whole = self == rounded() && magnitude < 1e15
    return whole ? "\(Int(self))" : "\(self)"
  }
}

extension Bool: SettingValue {
  package init(yaml node: SettingNode) throws {
    switch node.plain?.lowercased() {
    case "true": self = true
    case "false": self = false
    default: throw SettingValueProblem(expected: "true or false", found: node)
    }
  }

  package var yaml: String { "\(self)" }
}

extension String: SettingValue {
  package init(yaml node: SettingNode) throws {
    guard let text = node.plain else {
      throw SettingValueProblem(expected: "a word or a path", found: node)
    }
    self = text
  }

  /// In double quotes unless it is plainly a word or a path.
  package var yaml: String {
    let simple = unicodeScalars.allSatisfy {
      $0.isASCII && ($0.properties.isAlphabetic || "0123456789-_./".unicodeScalars.contains($0))
    }
    if simple, let first, first.isLetter || first == "/", SettingNode(self).plain != nil {
      return self
    }
    let escaped = replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
      .replacing("\n", with: "\\n")
    return "\"\(escaped)\""
  }
}

extension Array: SettingValue where Element: SettingValue {
  package init(yaml node: SettingNode) throws {
    guard case .list(let elements) = node.content else {
      throw SettingValueProblem(expected: "a list such as [1, 2]", found: node)
    }
    self = try elements.map { try Element(yaml: $0) }
  }

  package var yaml: String { "[\(map(\.yaml).joined(separator: ", "))]" }
}

extension Optional: SettingValue where Wrapped: SettingValue {
  package init(yaml node: SettingNode) throws {
    self = node.isEmptyValue ? nil : try Wrapped(yaml: node)
  }

  package var yaml: String { self?.yaml ?? "null" }
}

/// A key that takes one of a few words.
package protocol SettingChoice: SettingValue, RawRepresentable, CaseIterable
where RawValue == String {}

extension SettingChoice {
  package init(yaml node: SettingNode) throws {
    let known = Self.allCases.map(\.rawValue)
    guard let text = node.plain, let value = Self(rawValue: text) else {
      let hint = node.plain.map { Spelling.hint(for: $0, among: known) } ?? ""
      throw SettingValueProblem(
        SettingValueProblem(expected: "one of \(known.joined(separator: ", "))", found: node).reason
          + hint)
    }
    self = value
  }

  package var yaml: String { rawValue }
}

/// What a file says for a setting, as it was parsed: whoever reads the file turns its parser's nodes into
/// these, so that settings know no file format.
package struct SettingNode: Sendable {
  package enum Content: Sendable {
    /// One value; `isPlain` unless it is in quotes.
    case scalar(String, isPlain: Bool)
    case list([SettingNode])
    case mapping([(key: SettingNode, value: SettingNode)])
    case alias
  }

  package var content: Content
  /// Where it stands in its file, counted from 1.
  package var line: Int?

  package init(_ content: Content, line: Int? = nil) {
    (self.content, self.line) = (content, line)
  }

  package init(_ text: String) { self.init(.scalar(text, isPlain: true)) }

  /// The text of a single value, in quotes or not.
  package var string: String? {
    guard case .scalar(let text, _) = content else { return nil }
    return text
  }

  /// A key without a value, or `null`, unless it is in quotes.
  package var isEmptyValue: Bool {
    guard case .scalar(let text, isPlain: true) = content else { return false }
    return ["", "~", "null", "Null", "NULL"].contains(text)
  }

  /// The text of a single value that is there.
  package var plain: String? { isEmptyValue ? nil : string }

  /// The value of a mapping's key; nil where there is no such key, or no mapping.
  package subscript(key: String) -> SettingNode? {
    guard case .mapping(let pairs) = content else { return nil }
    return pairs.first { $0.key.string == key }?.value
  }

  /// The value for an error message.
  package var shown: String {
    switch content {
    case .scalar(let text, _): isEmptyValue ? "nothing" : "'\(text)'"
    case .mapping: "keys of its own"
    case .list: "a list"
    case .alias: "an alias"
    }
  }

  /// The node as YAML in one line.
  package var inOneLine: String {
    switch content {
    case .scalar(let text, let isPlain): isPlain ? text : text.yaml
    case .list(let elements): "[\(elements.map(\.inOneLine).joined(separator: ", "))]"
    case .mapping(let pairs):
      "{\(pairs.map { "\($0.key.inOneLine): \($0.value.inOneLine)" }.joined(separator: ", "))}"
    case .alias: ""
    }
  }
}
