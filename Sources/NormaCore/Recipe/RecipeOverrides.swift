import Networks

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

extension RecipeOverrides: SettingValue {
  package init(yaml node: SettingNode) throws {
    guard case .mapping(let pairs) = node.content else {
      throw SettingValueProblem(expected: "keys as {ras.gate: false}", found: node)
    }
    self.init(try pairs.map { try Entry($0.key, value: $0.value) })
  }

  package var yaml: String {
    "{\(entries.map { "\($0.key): \($0.yaml)" }.joined(separator: ", "))}"
  }
}

extension RecipeOverrides.Entry {
  init(_ key: SettingNode, value: SettingNode) throws {
    guard let name = key.string else {
      throw SettingValueProblem(expected: "a key as ras.gate", found: key)
    }
    self.init(key: name, yaml: value.inOneLine, line: key.line)
  }
}

extension Recipe {
  /// This recipe with other values for some of its keys.
  /// - Parameter file: where the values stand, for errors.
  /// - Throws: `RecipeProblem` with everything that is wrong.
  public func overriding(_ overrides: RecipeOverrides, file: String) throws -> Recipe {
    var recipe = self
    var reader = SettingsReader(home: home)
    for entry in overrides.entries {
      guard let value = try RecipeText.node(entry.yaml, file: file) else { continue }
      let nested = entry.key.split(separator: ".").reversed().reduce(value) { node, name in
        SettingNode(.mapping([(key: SettingNode(String(name)), value: node)]))
      }
      reader.read(nested, into: &recipe, keys: keys, line: entry.line)
    }
    try RecipeText.check(reader, recipe.issues(), file: file)
    return recipe
  }
}
