import Foundation
import NormaFiles

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
    try checkSize(groups: groups.count, file: file)
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
        let title = row.title(combination)
        let recipe = try base.overriding(combination, file: file)
        expanded.append(
          BenchmarkRow(
            name: title, recipeName: row.recipe, jitter: row.jitter,
            published: row.published,
            runs: seeds.flatMap { seed in
              groups.map { group in
                var seeded = recipe
                seeded.training.seed = seed
                return BenchmarkRun(
                  row: title, recipeName: row.recipe, recipe: seeded,
                  categories: group, jitter: row.jitter)
              }
            }))
      }
    }
    let names = expanded.map(\.name)
    var seen: Set<String> = []
    if let twice = names.first(where: { !seen.insert($0).inserted }) {
      throw RecipeProblem(
        file: file, reason: "two rows are called '\(twice)'; give each a name of its own")
    }
    return expanded
  }

  /// More runs than anybody waits for; a plan with a key's list too many asks for memory without end.
  public static let mostRuns = 100_000

  /// - Throws: `RecipeProblem` when the plan asks for more than ``mostRuns``, before any of them is made.
  private func checkSize(groups: Int, file: String) throws {
    let rowCount = rows.reduce(0) {
      let (sum, overflows) = $0.addingReportingOverflow($1.grid.count)
      return overflows ? .max : sum
    }
    let each = seeds.count * groups
    let (runs, overflows) = rowCount.multipliedReportingOverflow(by: each)
    let isEndless = overflows || rowCount == .max
    guard isEndless || runs > Self.mostRuns else { return }
    let found = isEndless ? "more than can be counted" : Figures.count(runs)
    throw RecipeProblem(
      file: file,
      reason:
        "it asks for \(found) runs, a row's combinations times \(counted(seeds.count, "seed")) times "
        + "\(counted(groups, "model")); at most \(Figures.count(Self.mostRuns)) are planned at once: shorten the "
        + "lists in grid, or make several plans")
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
