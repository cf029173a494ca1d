import Yams

/// Values for some keys of a recipe, by the keys' full names: `{ras.gate: false, training.batch: 8}`.
public struct RecipeOverrides: Codable, Sendable, Equatable {
  /// One key and its value, as YAML.
  public struct Entry: Codable, Sendable, Equatable {
    /// With its sections, as `training.epochs`.
    public var key: String
    public var yaml: String
    /// Where it stands in its file.
    public var line: Int?

    public init(key: String, yaml: String, line: Int? = nil) {
      self.key = key
      self.yaml = yaml
      self.line = line
    }
  }

  public var entries: [Entry]

  public init(_ entries: [Entry] = []) { self.entries = entries }
}

extension RecipeOverrides: RecipeValue {
  init(yaml node: Node) throws {
    guard case .mapping(let mapping) = node else {
      throw RecipeValueProblem(expected: "keys as {ras.gate: false}", found: node)
    }
    self.init(try mapping.map { try Entry($0, value: $1) })
  }

  var yaml: String { "{\(entries.map { "\($0.key): \($0.yaml)" }.joined(separator: ", "))}" }
}

extension RecipeOverrides.Entry {
  init(_ key: Node, value: Node) throws {
    guard let name = key.string else {
      throw RecipeValueProblem(expected: "a key as ras.gate", found: key)
    }
    self.init(key: name, yaml: value.inOneLine, line: key.mark?.line)
  }
}

extension Node {
  /// The node as YAML in one line.
  fileprivate var inOneLine: String {
    switch self {
    case .scalar(let scalar):
      scalar.style == .plain || scalar.style == .any ? scalar.string : scalar.string.yaml
    case .sequence(let elements): "[\(elements.map(\.inOneLine).joined(separator: ", "))]"
    case .mapping(let mapping):
      "{\(mapping.map { "\($0.inOneLine): \($1.inOneLine)" }.joined(separator: ", "))}"
    case .alias: ""
    }
  }
}

extension Recipe {
  /// This recipe with other values for some of its keys.
  /// - Parameter file: where the values stand, for errors.
  /// - Throws: `RecipeProblem` with everything that is wrong.
  public func overriding(_ overrides: RecipeOverrides, file: String) throws -> Recipe {
    var recipe = self
    var reader = RecipeReader()
    for entry in overrides.entries {
      guard let value = try RecipeReader.compose(entry.yaml, file: file) else { continue }
      let nested = entry.key.split(separator: ".").reversed().reduce(value) { node, name in
        Node([(Node(String(name)), node)])
      }
      reader.read(nested, into: &recipe, line: entry.line)
    }
    try reader.check(recipe, file: file)
    return recipe
  }
}
