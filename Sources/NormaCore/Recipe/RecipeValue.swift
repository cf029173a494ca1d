import Yams

/// Something that a key of a recipe can hold.
protocol RecipeValue: Codable, Sendable, Equatable {
  /// - Throws: `RecipeValueProblem` saying what was expected and what is there.
  init(yaml: Node) throws
  /// The value as YAML in one line.
  var yaml: String { get }
}

/// A value of the wrong kind.
struct RecipeValueProblem: Error {
  var reason: String

  init(expected: String, found node: Node) {
    reason = "expected \(expected), found \(node.shown)"
  }

  init(_ reason: String) { self.reason = reason }
}

extension Node {
  /// The value for an error message.
  var shown: String {
    switch self {
    case .scalar(let scalar): isEmptyValue ? "nothing" : "'\(scalar.string)'"
    case .mapping: "keys of its own"
    case .sequence: "a list"
    case .alias: "an alias"
    }
  }

  /// A key without a value, or `null`, unless it is in quotes.
  var isEmptyValue: Bool {
    guard case .scalar(let scalar) = self, scalar.style == .plain || scalar.style == .any else {
      return false
    }
    return ["", "~", "null", "Null", "NULL"].contains(scalar.string)
  }

  fileprivate var plain: String? {
    guard case .scalar(let scalar) = self, !isEmptyValue else { return nil }
    return scalar.string
  }
}

extension Int: RecipeValue {
  init(yaml node: Node) throws {
    guard let text = node.plain, let value = Int(text) else {
      throw RecipeValueProblem(expected: "a whole number", found: node)
    }
    self = value
  }

  var yaml: String { "\(self)" }
}

extension Double: RecipeValue {
  /// `7e-4` counts as a number, which YAML itself would take for text.
  init(yaml node: Node) throws {
    guard let text = node.plain, let value = Double(text), value.isFinite else {
      throw RecipeValueProblem(expected: "a number", found: node)
    }
    self = value
  }

  var yaml: String {
    let whole = self == rounded() && magnitude < 1e15
    return whole ? "\(Int(self))" : "\(self)"
  }
}

extension Bool: RecipeValue {
  init(yaml node: Node) throws {
    switch node.plain?.lowercased() {
    case "true": self = true
    case "false": self = false
    default: throw RecipeValueProblem(expected: "true or false", found: node)
    }
  }

  var yaml: String { "\(self)" }
}

extension String: RecipeValue {
  init(yaml node: Node) throws {
    guard let text = node.plain else {
      throw RecipeValueProblem(expected: "a word or a path", found: node)
    }
    self = text
  }

  /// In double quotes unless it is plainly a word or a path.
  var yaml: String {
    let simple = unicodeScalars.allSatisfy {
      $0.isASCII && ($0.properties.isAlphabetic || "0123456789-_./".unicodeScalars.contains($0))
    }
    if simple, let first, first.isLetter || first == "/", Node(self).plain != nil { return self }
    let escaped = replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
      .replacing("\n", with: "\\n")
    return "\"\(escaped)\""
  }
}

extension Array: RecipeValue where Element: RecipeValue {
  init(yaml node: Node) throws {
    guard case .sequence(let sequence) = node else {
      throw RecipeValueProblem(expected: "a list such as [1, 2]", found: node)
    }
    self = try sequence.map { try Element(yaml: $0) }
  }

  var yaml: String { "[\(map(\.yaml).joined(separator: ", "))]" }
}

extension Optional: RecipeValue where Wrapped: RecipeValue {
  init(yaml node: Node) throws {
    self = node.isEmptyValue ? nil : try Wrapped(yaml: node)
  }

  var yaml: String { self?.yaml ?? "null" }
}

/// A key that takes one of a few words.
protocol RecipeChoice: RecipeValue, RawRepresentable, CaseIterable where RawValue == String {}

extension RecipeChoice {
  init(yaml node: Node) throws {
    let known = Self.allCases.map(\.rawValue)
    guard let text = node.plain, let value = Self(rawValue: text) else {
      let hint = node.plain.map { Spelling.hint(for: $0, among: known) } ?? ""
      throw RecipeValueProblem(
        RecipeValueProblem(expected: "one of \(known.joined(separator: ", "))", found: node).reason
          + hint)
    }
    self = value
  }

  var yaml: String { rawValue }
}
