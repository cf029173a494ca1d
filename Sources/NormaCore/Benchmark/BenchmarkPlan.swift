import Foundation
import NormaFiles
import Yams

/// What is to be compared: rows of a table, each a recipe with changes, on the same categories and
/// seeds. Read from YAML; `Plans/` holds those of the papers' tables.
public struct BenchmarkPlan: RecipeSection {
  /// Which categories share a model.
  public enum Setting: String, RecipeChoice {
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

  public static let keys: [RecipeKey<BenchmarkPlan>] = [
    .value("title", \.title), .value("dataset", \.dataset), .value("categories", \.categories),
    .value("setting", \.setting), .value("groups", \.groups), .value("seeds", \.seeds),
    .value("minutes", \.minutes), .value("epochs", \.epochs), .value("set", \.set),
    .value("resamples", \.resamples), .list("rows", \.rows),
  ]

  /// One row of the table.
  public struct Row: RecipeSection {
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

    public static let keys: [RecipeKey<Row>] = [
      .value("name", \.name), .value("recipe", \.recipe), .value("set", \.set),
      .value("grid", \.grid), .value("jitter", \.jitter), .value("published", \.published),
    ]
  }

  /// Reads a plan.
  /// - Throws: `FileProblem` when the file cannot be read, `RecipeProblem` with the file, the line
  ///   and the key of everything that is wrong in it; the recipes it names are not looked at.
  public static func read(_ path: String) throws -> BenchmarkPlan {
    let data = try PosixFile(reading: path).readAll(limit: 1 << 20)
    guard let text = String(validating: data, as: UTF8.self) else {
      throw RecipeProblem(file: path, reason: "not YAML: the file is not UTF-8 text")
    }
    return try parse(text, file: path)
  }

  /// - Parameter file: what errors call the text.
  /// - Throws: `RecipeProblem`.
  public static func parse(_ text: String, file: String = "plan") throws -> BenchmarkPlan {
    try RecipeReader.readPlan(text, file: file)
  }

  /// - Throws: `RecipeProblem` for values that cannot be, such as those that a command line put in.
  public func validate() throws {
    let issues = issues()
    guard issues.isEmpty else { throw RecipeProblem(file: nil, issues: issues) }
  }

  func issues() -> [RecipeIssue] {
    var check = RecipeCheck()
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
    _ entry: RecipeOverrides.Entry, in place: String, _ check: inout RecipeCheck
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

extension RecipeReader {
  /// - Throws: `RecipeProblem`.
  static func readPlan(_ text: String, file: String) throws -> BenchmarkPlan {
    var plan = BenchmarkPlan()
    var reader = RecipeReader()
    if let root = try compose(text, file: file) { reader.read(root, into: &plan) }
    try reader.check(plan.issues(), file: file)
    return plan
  }
}

extension BenchmarkPlan {
  /// Every row with its runs, recipes found beside the plan or among those that come with Norma.
  ///
  /// - Parameters:
  ///   - available: the data set's categories.
  ///   - file: the plan's.
  /// - Throws: as ``rows(categories:file:recipe:)``, and for a recipe that is not there or damaged.
  public func rows(categories available: [String], file: String) throws -> [BenchmarkRow] {
    let folder = FilePath.parent(FilePath.absolute(file))
    return try rows(categories: available, file: file) { name in
      let beside = folder + "/" + name
      let isFile = name.hasSuffix(".yaml") && !name.hasPrefix("/") && FilePath.exists(beside)
      return try Recipe.read(isFile ? beside : RecipeCatalog.find(name))
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

  /// Every combination, the last key's values changing fastest; one without changes for no axes.
  public var combinations: [RecipeOverrides] {
    axes.reduce([RecipeOverrides()]) { combinations, axis in
      combinations.flatMap { combination in
        axis.values.map { RecipeOverrides(combination.entries + [$0]) }
      }
    }
  }
}

extension RecipeGrid: RecipeValue {
  init(yaml node: Node) throws {
    guard case .mapping(let mapping) = node else {
      throw RecipeValueProblem(expected: "lists as {ras.decoder: [1, 4]}", found: node)
    }
    self.init(
      try mapping.map { key, value in
        guard case .sequence(let values) = value, !values.isEmpty else {
          throw RecipeValueProblem(expected: "a list of values as [1, 4]", found: value)
        }
        return Axis(values: try values.map { try RecipeOverrides.Entry(key, value: $0) })
      })
  }

  var yaml: String {
    let lists = axes.map { axis in
      "\(axis.values.first?.key ?? ""): [\(axis.values.map(\.yaml).joined(separator: ", "))]"
    }
    return "{\(lists.joined(separator: ", "))}"
  }
}

/// One training and its test: a row of a plan, a seed, and the categories that share the model.
public struct BenchmarkRun: Sendable, Equatable {
  /// The row's name.
  public var row: String
  /// The recipe as the plan names it.
  public var recipeName: String
  /// The recipe with all changes, the seed among them.
  public var recipe: Recipe
  /// Sorted.
  public var categories: [String]
  /// Noise while testing; nil: none.
  public var jitter: Double?

  public init(
    row: String, recipeName: String, recipe: Recipe, categories: [String], jitter: Double?
  ) {
    self.row = row
    self.recipeName = recipeName
    self.recipe = recipe
    self.categories = categories
    self.jitter = jitter
  }

  public var seed: Int { recipe.training.seed }

  /// Names everything that the trained model depends on, but for the tool itself and the backbone's
  /// weights, which the model names.
  /// - Parameter pictures: the fingerprint of its training pictures.
  public func trainingKey(pictures: String) -> String {
    let facts = ["training 1", pictures, recipe.yaml] + categories
    return Digest.sha256(Data(facts.joined(separator: "\n").utf8))
  }

  /// Names the result: the trained model, what it is tested on, and how.
  public func key(pictures: String, test: String) -> String {
    let facts = [trainingKey(pictures: pictures), test, jitter.map { "jitter \($0)" } ?? ""]
    return Digest.sha256(Data(facts.joined(separator: "\n").utf8))
  }
}

/// A row of a plan with its runs.
public struct BenchmarkRow: Sendable, Equatable {
  public var name: String
  public var recipeName: String
  public var jitter: Double?
  public var published: PublishedFigures?
  /// By seed, then group.
  public var runs: [BenchmarkRun]

  public init(
    name: String, recipeName: String, jitter: Double?, published: PublishedFigures?,
    runs: [BenchmarkRun]
  ) {
    self.name = name
    self.recipeName = recipeName
    self.jitter = jitter
    self.published = published
    self.runs = runs
  }
}

extension BenchmarkPlan {
  /// Every row with its runs.
  ///
  /// - Parameters:
  ///   - available: the data set's categories.
  ///   - file: the plan's, for errors.
  ///   - recipe: finds a recipe by the name that the plan has for it.
  /// - Throws: `RecipeProblem` for a value that cannot be, `DatasetProblem` for a category that is not
  ///   there, and what `recipe` throws.
  public func rows(
    categories available: [String], file: String, recipe: (String) throws -> Recipe
  ) throws -> [BenchmarkRow] {
    let groups = try groups(available: available, file: file)
    var expanded: [BenchmarkRow] = []
    for row in rows {
      var common = try recipe(row.recipe).overriding(set, file: file)
      if let minutes { common.training.minutes = minutes }
      if let epochs { common.training.epochs = epochs }
      let base = try common.overriding(row.set, file: file)
      if row.jitter != nil, !base.rebuildsOneMap {
        throw RecipeProblem(
          file: file,
          reason:
            "the row '\(row.name ?? row.recipe)' has jitter, which is for methods that rebuild one "
            + "map of features: \(Recipe.methodsOfOneMap.joined(separator: ", ")); its method is "
            + base.method)
      }
      for combination in row.grid.combinations {
        let recipe = try base.overriding(combination, file: file)
        expanded.append(
          BenchmarkRow(
            name: row.title(combination), recipeName: row.recipe, jitter: row.jitter,
            published: row.published,
            runs: seeds.flatMap { seed in
              groups.map { group in
                var seeded = recipe
                seeded.training.seed = seed
                return BenchmarkRun(
                  row: row.title(combination), recipeName: row.recipe, recipe: seeded,
                  categories: group, jitter: row.jitter)
              }
            }))
      }
    }
    let names = expanded.map(\.name)
    if let twice = names.first(where: { name in names.count { $0 == name } > 1 }) {
      throw RecipeProblem(
        file: file, reason: "two rows are called '\(twice)'; give each a name of its own")
    }
    return expanded
  }

  /// The categories that share a model, each group sorted.
  private func groups(available: [String], file: String) throws -> [[String]] {
    let wanted = groups?.flatMap { $0 } ?? categories ?? available
    for name in wanted where !available.contains(name) {
      throw DatasetProblem(
        "\(file): the data set has no category '\(name)'"
          + Spelling.hint(for: name, among: available)
          + "; it has \(available.joined(separator: ", "))")
    }
    if let groups { return groups.map { $0.sorted() } }
    switch setting {
    case .unified: return [Set(wanted).sorted()]
    case .separate: return Set(wanted).sorted().map { [$0] }
    }
  }
}

extension BenchmarkPlan.Row {
  /// The row's name, with what a combination of its grid changes.
  func title(_ combination: RecipeOverrides) -> String {
    let changes = combination.entries.map { "\($0.key) \($0.yaml)" }
    return ([name ?? recipe] + changes).joined(separator: ", ")
  }
}
