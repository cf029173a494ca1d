import Foundation
import Networks
import NormaCore
import NormaFiles
import Testing

@Suite("Benchmark plans")
struct BenchmarkPlanTests {
  private static let available = ["bottle", "pcb", "tire"]

  private func rows(
    _ text: String, available: [String] = BenchmarkPlanTests.available
  ) throws -> [BenchmarkRow] {
    try BenchmarkPlan.parse(text, file: "p.yaml").rows(categories: available, file: "p.yaml") {
      name in
      guard Methods.all.names.contains(name) else {
        throw FileProblem(path: name, reason: "there is no such recipe")
      }
      return Recipe(method: name)
    }
  }

  private func problem(_ text: String) -> String {
    let problem = #expect(throws: (any Error).self) { try rows(text) }
    return problem.map { "\($0)" } ?? ""
  }

  @Test func oneRowIsOneRunOnEverything() throws {
    let rows = try rows("rows:\n  - recipe: ras\n")
    #expect(rows.map(\.name) == ["ras"])
    let runs = rows.flatMap(\.runs)
    #expect(runs.map(\.categories) == [Self.available])
    #expect(runs.map(\.recipe) == [Recipe()])
  }

  @Test func seedsSettingsAndGridsMultiply() throws {
    let text = """
      setting: separate
      seeds: [0, 7]
      minutes: 2.5
      epochs: 90
      set: {training.batch: 8, ras.heads: 4}
      rows:
        - name: depth
          recipe: ras
          set: {ras.heads: 2}
          grid: {ras.encoder: [0, 2], ras.decoder: [1, 4]}
        - recipe: uniad
          jitter: 20
          published: {image: 96.2, pixel: 96.7, source: "RAS, Table 6"}
      """
    let rows = try rows(text)
    #expect(
      rows.map(\.name) == [
        "depth, ras.encoder 0, ras.decoder 1", "depth, ras.encoder 0, ras.decoder 4",
        "depth, ras.encoder 2, ras.decoder 1", "depth, ras.encoder 2, ras.decoder 4", "uniad",
      ])
    for row in rows {
      #expect(row.runs.map(\.seed) == [0, 0, 0, 7, 7, 7])
      #expect(
        row.runs.map(\.categories)
          == [["bottle"], ["pcb"], ["tire"], ["bottle"], ["pcb"], ["tire"]])
      #expect(row.runs.allSatisfy { $0.recipe.training.minutes == 2.5 })
      #expect(row.runs.allSatisfy { $0.recipe.training.epochs == 90 })
      #expect(row.runs.allSatisfy { $0.recipe.training.batch == 8 })
    }
    #expect(
      rows[1].runs[0].recipe[RASSettings.self].encoder == 0
        && rows[1].runs[0].recipe[RASSettings.self].decoder == 4)
    #expect(
      rows[1].runs[0].recipe[RASSettings.self].heads == 2, "the row's change comes after the plan's"
    )
    // What the plan sets of another method is not its recipe's to keep.
    #expect(
      rows[4].runs[0].recipe.method == "uniad" && !rows[4].runs[0].recipe.yaml.contains("ras:"))
    #expect(rows[4].jitter == 20 && rows[4].runs.allSatisfy { $0.jitter == 20 })
    #expect(rows[4].published == PublishedFigures(image: 96.2, pixel: 96.7, source: "RAS, Table 6"))
  }

  /// Before any combination is made: 10⁸ of them would take all memory.
  @Test(arguments: [(8, 1, "100,000,000"), (25, 1, "more than can be counted"), (4, 11, "110,000")])
  func whatNobodyCouldRunIsRefused(axes: Int, seeds: Int, found: String) {
    let grid = (0..<axes).map { "ras.key\($0): [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]" }
    let said = problem(
      "seeds: [\((0..<seeds).map(String.init).joined(separator: ", "))]\nrows:\n  - recipe: ras\n"
        + "    grid: {\(grid.joined(separator: ", "))}\n")
    #expect(said.contains("it asks for \(found) runs"), "\(said)")
    #expect(said.contains("at most 100,000"))
  }

  @Test func twentyThousandRunsArePlanned() throws {
    let thousand = "[\((1...1000).map(String.init).joined(separator: ", "))]"
    let rows = try rows(
      "seeds: [\((0..<20).map(String.init).joined(separator: ", "))]\nrows:\n  - recipe: ras\n"
        + "    grid: {training.epochs: \(thousand)}\n")
    let runs = rows.flatMap(\.runs)
    #expect(rows.count == 1000 && runs.count == 20_000)
    let part = try #require(PlanPart("2/4"))
    let isMine = part.holds(runs) { "\($0.row) \($0.seed)" }
    #expect(runs.count(where: isMine) == 5000)
  }

  @Test func groupsShareModels() throws {
    let runs = try rows("groups: [[tire, bottle], [pcb]]\nrows: [{recipe: ras}]").flatMap(\.runs)
    #expect(runs.map(\.categories) == [["bottle", "tire"], ["pcb"]])
    let some = try rows("categories: [tire]\nrows: [{recipe: ras}]").flatMap(\.runs)
    #expect(some.map(\.categories) == [["tire"]])
  }

  @Test func whatIsTrainedAlikeHasOneTraining() throws {
    let rows = try rows("rows: [{recipe: ras}, {name: noise, recipe: ras, jitter: 10}]")
    let (plain, noisy) = (rows[0].runs[0], rows[1].runs[0])
    #expect(plain.trainingKey(pictures: "p") == noisy.trainingKey(pictures: "p"))
    #expect(plain.key(pictures: "p", test: "t") != noisy.key(pictures: "p", test: "t"))
    #expect(plain.key(pictures: "p", test: "t") != plain.key(pictures: "q", test: "t"))
    #expect(plain.key(pictures: "p", test: "t") != plain.key(pictures: "p", test: "u"))
    var other = plain
    other.recipe.training.seed = 1
    #expect(other.trainingKey(pictures: "p") != plain.trainingKey(pictures: "p"))
    // A key of another method decides nothing.
    other = plain
    other.recipe[UniADSettings.self].hidden = 128
    #expect(other.trainingKey(pictures: "p") == plain.trainingKey(pictures: "p"))
  }

  @Test func mistakesAreNamedWithTheirLine() {
    #expect(problem("rows:\n  - recip: ras\n").hasPrefix("p.yaml:2: unknown key 'recip'"))
    #expect(
      problem("rows:\n  - recipe: ras\n    set: {ras.encodr: 1}\n")
        == "p.yaml:3: unknown key 'encodr' in ras (did you mean 'encoder'?)")
    #expect(
      problem("set:\n  training.batch: many\nrows: [{recipe: ras}]")
        == "p.yaml:2: training.batch: expected a whole number, found 'many'")
    #expect(
      problem("rows:\n  - recipe: ras\n    set:\n      ras.heads: 7\n")
        == "p.yaml:4: ras.heads: 7 heads do not divide hidden (256)")
    #expect(problem("rows: []").contains("rows: a plan needs at least one row"))
    #expect(problem("seeds: [1, 1]\nrows: [{recipe: ras}]").contains("a seed stands there twice"))
    #expect(problem("rows: 3").contains("expected a list, found '3'"))
    #expect(problem("rows: [{recipe: ras}, {recipe: ras}]").contains("two rows are called 'ras'"))
    #expect(problem("setting: both\nrows: [{recipe: ras}]").contains("unified, separate"))
    #expect(problem("rows:\n  - grid: {ras.encoder: 3}\n").contains("a list of values"))
    #expect(problem("rows:\n  - published: {images: 3}\n").contains("expected figures"))
    #expect(
      problem("groups: [[tire], [tire]]\nrows: [{recipe: ras}]").contains("in two groups"))
    let missing = problem("categories: [bottel]\nrows: [{recipe: ras}]")
    #expect(missing.contains("did you mean 'bottle'?") && missing.contains("bottle, pcb, tire"))
  }

  private static let folder = URL(fileURLWithPath: ShippedRecipeTests.folder)
    .deletingLastPathComponent().appendingPathComponent("Plans").path

  @Test func thePlansOfThePapersAreWhole() throws {
    let files = try FileManager.default.contentsOfDirectory(atPath: Self.folder).sorted()
    #expect(
      files == [
        "ras-table-3-btad.yaml", "ras-table-3-mpdd.yaml", "ras-table-3-visa.yaml",
        "ras-table-4.yaml", "ras-table-5-corners.yaml", "ras-table-5.yaml", "ras-table-6.yaml",
        "ras-tables-1-2-bottle.yaml", "ras-tables-1-2-separate.yaml", "ras-tables-1-2-unified.yaml",
        "rlr-ablations-three.yaml", "rlr-ablations.yaml", "rlr-levels.yaml", "rlr-minutes.yaml",
        "rlr-table-1.yaml", "rlr-table-2.yaml", "rlr-table-4.yaml", "unified.yaml",
        "ura-net-ablations.yaml",
      ])
    var sizes: [Int] = []
    for file in files where ["ras-table-4", "ras-table-5", "ras-table-6"].contains(file.prefix(11))
    {
      let rows = try Self.rows(file)
      sizes.append(rows.count)
      #expect(rows.allSatisfy { $0.published?.image != nil && $0.published?.source != nil })
      for run in rows.flatMap(\.runs) {
        #expect(run.recipe.training.minutes == 10 && run.categories.count == 3)
      }
    }
    #expect(sizes == [3, 4, 12, 12])
    let bottle = try Self.rows("ras-tables-1-2-bottle.yaml")
    #expect(bottle.map(\.published?.pixel) == [98.5, 98.1, 98.4])
    #expect(bottle.allSatisfy { $0.published?.image == 100 && $0.runs.count == 1 })
    #expect(bottle.flatMap(\.runs).allSatisfy { $0.categories == ["bottle"] })
  }

  /// A comparison with other methods: its data set, and what the papers print for each row.
  struct Comparison: Sendable {
    var plan: String
    var dataset: String
    var isSeparate = false
    var methods: [String]
    /// Image, then pixel AUROC; nil where no paper has any.
    var figures: [[Double]?]
    var rasRate = 7e-4
  }

  // Typed anew from the papers' tables, the means.
  private static let comparisons = [
    Comparison(
      plan: "ras-tables-1-2-unified", dataset: "mvtec-ad",
      methods: ["ras", "uniad", "padim", "patchcore", "rlr"],
      figures: [[98.4, 97.5], [96.5, 96.8], [84.2, 89.5], [95.3, 96.4], [98.6, 98.5]]),
    Comparison(
      plan: "ras-tables-1-2-separate", dataset: "mvtec-ad", isSeparate: true,
      methods: ["ras", "uniad", "padim", "patchcore"],
      figures: [[98.6, 97.8], [96.6, 96.6], [95.5, 97.4], nil]),
    Comparison(
      plan: "ras-table-3-visa", dataset: "visa",
      methods: ["ras", "uniad", "padim", "patchcore", "rlr"],
      figures: [[92.9, 98.7], [88.6, 98.3], nil, nil, [95.9, 99.2]], rasRate: 1e-3),
    Comparison(
      plan: "ras-table-3-btad", dataset: "btad", methods: ["ras", "uniad", "padim", "patchcore"],
      figures: [[94.7, 97.0], [92.3, 97.1], nil, nil], rasRate: 9e-4),
    Comparison(
      plan: "ras-table-3-mpdd", dataset: "mpdd", methods: ["ras", "uniad", "padim", "patchcore"],
      figures: [[92.1, 97.5], [87.5, 95.6], nil, nil]),
    Comparison(
      plan: "rlr-table-1", dataset: "mvtec-ad", methods: ["rlr", "uniad", "patchcore", "padim"],
      figures: [[98.6, 98.5], [96.5, 96.8], [95.3, 96.4], [84.2, 89.5]]),
    Comparison(
      plan: "rlr-table-2", dataset: "visa", methods: ["rlr", "uniad"],
      figures: [[95.9, 99.2], [91.5, 98.5]]),
  ]

  @Test(arguments: comparisons)
  func aComparisonIsOfTheWholeDataSetAndAsThePapersTrained(expected: Comparison) throws {
    let known = try #require(KnownDataset.named(expected.dataset)?.categories).keys.sorted()
    let rows = try Self.rows(expected.plan + ".yaml", categories: known)
    #expect(rows.map { $0.runs[0].recipe.method } == expected.methods)
    #expect(
      rows.map { row in row.published.flatMap { [$0.image, $0.pixel].compactMap { $0 } } }
        == expected.figures)
    for row in rows {
      #expect(row.published == nil || row.published?.source?.isEmpty == false)
      #expect(
        row.runs.map(\.categories) == (expected.isSeparate ? known.map { [$0] } : [known]))
      for recipe in row.runs.map(\.recipe) {
        #expect(recipe.training.holdout == 0 && recipe.training.minutes == 0)
        if recipe.method == "ras" { #expect(recipe.training.learningRate == expected.rasRate) }
      }
    }
  }

  private static func rows(
    _ file: String, categories: [String] = ["bottle", "metal_plate", "tire"]
  ) throws -> [BenchmarkRow] {
    let path = folder + "/" + file
    return try BenchmarkPlan.read(path).rows(
      categories: categories, file: path
    ) { try Recipe.read(RecipeCatalog.find($0, in: [ShippedRecipeTests.folder])) }
  }

  @Test func theAblationsOfRLRTakeOneThingEach() throws {
    let rows = try Self.rows("rlr-ablations.yaml")
    let recipes = rows.map { $0.runs[0].recipe[RLRSettings.self] }
    #expect(
      recipes.map { [$0.residual, $0.selfAttention, $0.crossAttention, $0.mlka, $0.lca] } == [
        [true, true, false, false, false], [true, false, true, false, false],
        [false, false, true, false, false], [false, false, false, true, false],
        [false, false, false, false, true], [false, false, true, true, false],
        [false, false, false, true, true], [false, false, false, true, true],
        [false, false, false, true, true], [false, false, false, true, true],
      ])
    #expect(recipes.suffix(4).map(\.alpha) == [2, 1, 3, 2])
    #expect(recipes.map(\.jitter) == [4, 4, 4, 4, 4, 4, 4, 4, 4, 0])
    let levels = try Self.rows("rlr-table-4.yaml").map {
      $0.runs[0].recipe[RLRSettings.self].levels
    }
    #expect(levels == [[4, 8], [8, 16], [4, 8, 16]])
    for run in (rows + (try Self.rows("rlr-table-4.yaml"))).flatMap(\.runs) {
      #expect(run.recipe.training.clock == .processor && run.recipe.training.minutes > 0)
    }
    for training in rows.map({ $0.runs[0].recipe.training }) {
      #expect(training.schedule == .cosine && training.holdout == 0.1 && training.batch == 2)
    }
  }

  @Test func thePlansOfTheMethodsHaveTheirOwnLengths() throws {
    let unified = try Self.rows("unified.yaml")
    #expect(
      Set(unified.map { $0.runs[0].recipe.method })
        == ["ras", "rlr", "uranet", "uniad", "patchcore", "padim"])
    for run in unified.flatMap(\.runs) {
      let training = run.recipe.training
      #expect(training.minutes == 40 && training.clock == .processor)
      // The rate falls with the minutes, not by epochs, which nobody knows before.
      #expect(training.schedule == .cosine && training.decay.isEmpty)
      #expect(training.holdout == 0.1 && training.crossFit.folds == 0)
    }
    let levels = try Self.rows("rlr-levels.yaml").map { $0.runs[0].recipe.training }
    #expect(levels.map(\.minutes) == [60, 90, 20] && levels.allSatisfy { $0.holdout == 0.1 })
    #expect(levels.allSatisfy { $0.schedule == .cosine && $0.epochs == 1000 && $0.decay.isEmpty })
    for row in try Self.rows("rlr-ablations-three.yaml") {
      #expect(row.runs[0].recipe[RLRSettings.self].levels == [4, 8, 16])
    }
  }

  @Test func theAblationsOfURANetTakeOnePartEach() throws {
    let rows = try Self.rows("ura-net-ablations.yaml")
    #expect(rows.allSatisfy { $0.runs.count == 2 })
    for training in rows.map({ $0.runs[0].recipe.training }) {
      #expect(training.minutes == 10 && training.schedule == .cosine && training.holdout == 0.1)
    }
    let recipes = rows.map { $0.runs[0].recipe[URANetSettings.self] }
    let parts = recipes.map { recipe in
      [
        recipe.synthesis.enabled, recipe.perception.head == .bayesian, recipe.kappa > 0,
        recipe.mask, recipe.prototypes > 0, recipe.floor > 0, recipe.perception.surroundings,
        recipe.jitter > 0, recipe.compared == .uniform,
      ]
    }
    let without = parts.map { row in row.indices.filter { !row[$0] } }
    // Without a floor there is nothing uniform to compare.
    #expect(without == [[], [0], [1], [2], [3], [4], [5, 8], [8], [6], [7]])
  }

  @Test func table4LeavesOutOnePartARow() throws {
    let rows = try Self.rows("ras-table-4.yaml")
    let parts = rows.map {
      [$0.runs[0].recipe[RASSettings.self].gate, $0.runs[0].recipe[RASSettings.self].transformer]
    }
    #expect(parts == [[true, false], [false, true], [true, true]])
    #expect(rows.map { $0.published?.image } == [97.5, 96.1, 98.4])
  }
}
