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
