import Foundation
import Networks
import NormaFiles

/// What is to be compared: rows of a table, each a recipe with changes, on the same categories and
/// seeds. Read from YAML; `Plans/` holds those of the papers' tables.
public struct BenchmarkPlan: Settings {
  /// Which categories share a model.
  public enum Setting: String, SettingChoice {
    /// One model for all.
    case unified
    /// One for each.
    case separate
  }

  public var title: String?
  /// The data set, where the command line names none.
  public var dataset: String?
  /// Only these; nil: all that the data set has.
  public var categories: [String]?
  public var setting = Setting.unified
  /// Categories that share a model, for settings between the two; `setting` is then without meaning.
  public var groups: [[String]]?
  public var seeds = [0]
  /// Minutes of training for each run, after which it ends whatever `epochs` says; nil: the recipe's.
  public var minutes: Double?
  /// Epochs of each run; nil: the recipe's.
  public var epochs: Int?
  /// Changes to every row's recipe.
  public var set = RecipeOverrides()
  /// Resamples of the bootstrap.
  public var resamples = 1000
  public var rows: [Row] = []

  public init() {}

  public static let keys: [SettingKey<BenchmarkPlan>] = [
    .value("title", \.title, "what the table is called"),
    .value("dataset", \.dataset, "the data set, where the command line names none"),
    .value("categories", \.categories, "only these; null: all that the data set has"),
    .value("setting", \.setting, "which categories share a model"),
    .value("groups", \.groups, "categories that share a model, for settings between the two"),
    .value("seeds", \.seeds, "a run for each"),
    .value("minutes", \.minutes, "minutes of training for each run; null: the recipe's"),
    .value("epochs", \.epochs, "epochs of each run; null: the recipe's"),
    .value("set", \.set, "changes to every row's recipe"),
    .value("resamples", \.resamples, "resamples of the bootstrap"),
    .list("rows", \.rows, "the rows of the table"),
  ]

  /// One row of the table.
  public struct Row: Settings {
    /// Nil: the recipe's name.
    public var name: String?
    /// A recipe that comes with Norma, by name, or a file.
    public var recipe = "ras"
    /// Changes to the recipe, after the plan's.
    public var set = RecipeOverrides()
    /// Lists of values for some keys: a row for each combination.
    public var grid = RecipeGrid()
    /// Noise on the features of the trained network while it is tested (RAS, Table 6); nil: none.
    public var jitter: Double?
    /// What a paper reports for it.
    public var published: PublishedFigures?

    public init() {}

    public static let keys: [SettingKey<Row>] = [
      .value("name", \.name, "null: the recipe's name"),
      .value("recipe", \.recipe, "a recipe that comes with Norma, by name, or a file"),
      .value("set", \.set, "changes to the recipe, after the plan's"),
      .value("grid", \.grid, "lists of values for some keys: a row for each combination"),
      .value(
        "jitter", \.jitter,
        "noise on the features of the trained network while it is tested (RAS, Table 6); null: none"
      ),
      .value("published", \.published, "what a paper reports for it"),
    ]
  }

  /// Reads a plan.
  /// - Throws: `FileProblem` when the file cannot be read, `RecipeProblem` with the file, the line
  ///   and the key of everything that is wrong in it; the recipes it names are not looked at.
  public static func read(_ path: String) throws -> BenchmarkPlan {
    try parse(RecipeText.read(path, limit: 1 << 20), file: path)
  }

  /// - Parameter file: what errors call the text.
  /// - Throws: `RecipeProblem`.
  public static func parse(_ text: String, file: String = "plan") throws -> BenchmarkPlan {
    var plan = BenchmarkPlan()
    var reader = SettingsReader(home: Recipe().home)
    if let root = try RecipeText.node(text, file: file) { reader.read(root, into: &plan) }
    try RecipeText.check(reader, plan.issues(), file: file)
    return plan
  }

  /// - Throws: `RecipeProblem` for values that cannot be, such as those that a command line put in.
  public func validate() throws {
    let issues = issues()
    guard issues.isEmpty else { throw RecipeProblem(file: nil, issues: issues) }
  }

  func issues() -> [SettingIssue] {
    var check = SettingCheck()
    if rows.isEmpty { check.add("rows", "a plan needs at least one row, as - recipe: ras") }
    if seeds.isEmpty { check.add("seeds", "a plan needs at least one seed, as [0]") }
    if Set(seeds).count != seeds.count { check.add("seeds", "a seed stands there twice") }
    for seed in seeds { check.range("seeds", seed, 0...Int.max) }
    if let minutes { check.range("minutes", minutes, 0...1_000_000) }
    if let epochs { check.range("epochs", epochs, 1...1_000_000) }
    check.range("resamples", resamples, 100...1_000_000)
    if let categories, categories.isEmpty { check.add("categories", "the list is empty") }
    if let groups {
      let all = groups.flatMap { $0 }
      if groups.isEmpty || groups.contains(where: \.isEmpty) {
        check.add("groups", "each group names at least one category")
      }
      if Set(all).count != all.count { check.add("groups", "a category is in two groups") }
      if categories != nil {
        check.add("groups", "groups name the categories; leave out one of both")
      }
    }
    for entry in set.entries { Self.check(entry, in: "set", &check) }
    for row in rows {
      for entry in row.set.entries { Self.check(entry, in: "rows.set", &check) }
      for axis in row.grid.axes {
        if let entry = axis.values.first { Self.check(entry, in: "rows.grid", &check) }
      }
      if let jitter = row.jitter { check.range("rows.jitter", jitter, 0...1000) }
    }
    return check.issues
  }

  /// What a plan says elsewhere, and what is more than a change.
  private static func check(
    _ entry: RecipeOverrides.Entry, in place: String, _ check: inout SettingCheck
  ) {
    switch entry.key {
    case "training.seed":
      check.add(place, "training.seed is the plan's matter: use seeds, as [0, 1]")
    case "method":
      check.add(place, "a method has a recipe of its own: name that as the row's recipe")
    default: break
    }
  }
}

/// Lists of values for keys of a recipe: `{ras.encoder: [0, 2], ras.decoder: [1, 4]}` is four recipes.
public struct RecipeGrid: Codable, Sendable, Equatable {
  /// A key and the values it takes.
  public struct Axis: Codable, Sendable, Equatable {
    public var values: [RecipeOverrides.Entry]

    public init(values: [RecipeOverrides.Entry]) { self.values = values }
  }

  public var axes: [Axis]

  public init(_ axes: [Axis] = []) { self.axes = axes }

  /// How many combinations there are; `Int.max` where they cannot be counted.
  public var count: Int {
    axes.reduce(1) {
      let (product, overflows) = $0.multipliedReportingOverflow(by: $1.values.count)
      return overflows ? .max : product
    }
  }

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

/// What a paper reports for a row of a table, in per cent.
public struct PublishedFigures: Codable, Sendable, Equatable {
  /// Image AUROC.
  public var image: Double?
  /// Pixel AUROC.
  public var pixel: Double?
  /// Paper, table and data set.
  public var source: String?

  public init(image: Double? = nil, pixel: Double? = nil, source: String? = nil) {
    self.image = image
    self.pixel = pixel
    self.source = source
  }
}

extension PublishedFigures: SettingValue {
  private static let names = ["image", "pixel", "source"]

  package init(yaml node: SettingNode) throws {
    guard case .mapping(let pairs) = node.content,
      pairs.allSatisfy({ $0.key.string.map(Self.names.contains) ?? false })
    else {
      throw SettingValueProblem(
        expected: "figures as {image: 98.4, pixel: 97.5, source: RAS}", found: node)
    }
    self.init(
      image: try node["image"].map(Double.init(yaml:)),
      pixel: try node["pixel"].map(Double.init(yaml:)),
      source: try node["source"].map(String.init(yaml:)))
  }

  package var yaml: String {
    let figures = [("image", image), ("pixel", pixel)].compactMap { name, value in
      value.map { "\(name): \($0.yaml)" }
    }
    return "{\((figures + (source.map { ["source: \($0.yaml)"] } ?? [])).joined(separator: ", "))}"
  }
}
