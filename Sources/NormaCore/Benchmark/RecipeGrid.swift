import Networks

/// Lists of values for keys of a recipe: `{ras.encoder: [0, 2], ras.decoder: [1, 4]}` is four recipes.
public struct RecipeGrid: Codable, Sendable, Equatable {
  /// A key and the values it takes.
  public struct Axis: Codable, Sendable, Equatable {
    public var values: [RecipeOverrides.Entry]

    public init(values: [RecipeOverrides.Entry]) { self.values = values }
  }

  public var axes: [Axis]

  public init(_ axes: [Axis] = []) { self.axes = axes }

  /// Every combination, the last key's values changing fastest; one without changes for no axes.
  public var combinations: [RecipeOverrides] {
    axes.reduce([RecipeOverrides()]) { combinations, axis in
      combinations.flatMap { combination in
        axis.values.map { RecipeOverrides(combination.entries + [$0]) }
      }
    }
  }
}

extension RecipeGrid: SettingValue {
  package init(yaml node: SettingNode) throws {
    guard case .mapping(let pairs) = node.content else {
      throw SettingValueProblem(expected: "lists as {ras.decoder: [1, 4]}", found: node)
    }
    self.init(
      try pairs.map { key, value in
        guard case .list(let values) = value.content, !values.isEmpty else {
          throw SettingValueProblem(expected: "a list of values as [1, 4]", found: value)
        }
        return Axis(values: try values.map { try RecipeOverrides.Entry(key, value: $0) })
      })
  }

  package var yaml: String {
    let lists = axes.map { axis in
      "\(axis.values.first?.key ?? ""): [\(axis.values.map(\.yaml).joined(separator: ", "))]"
    }
    return "{\(lists.joined(separator: ", "))}"
  }
}
