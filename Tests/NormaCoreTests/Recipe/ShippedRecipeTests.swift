import Foundation
import Networks
import NormaCore
import NormaFiles
import Testing

@Suite("Recipes that come with Norma")
struct ShippedRecipeTests {
  static let folder = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().appendingPathComponent("Recipes").path

  @Test func allCanBeRead() throws {
    let files = try FileManager.default.contentsOfDirectory(atPath: Self.folder).sorted()
    #expect(
      files == [
        "dinomaly.yaml", "padim.yaml", "patchcore.yaml", "ras-fast.yaml", "ras-paper.yaml",
        "ras.yaml",
        "rlr-paper.yaml", "rlr-three.yaml", "rlr.yaml", "solar.yaml", "three-standardized.yaml",
        "three.yaml", "uniad-paper.yaml", "uniad.yaml", "ura-net.yaml",
      ])
    for file in files { _ = try Recipe.read(Self.folder + "/" + file) }
  }

  /// Of each method there is a recipe that names every key of its section, for people to find it there.
  @Test(arguments: Methods.all.names)
  func everyKeyOfAMethodStandsInARecipe(method: String) throws {
    let keys = try #require(Methods.all.named(method)).allKeys
    #expect(!keys.isEmpty)
    let files = try FileManager.default.contentsOfDirectory(atPath: Self.folder).sorted()
    let missing = try files.compactMap { file -> [String]? in
      let path = Self.folder + "/" + file
      guard try Recipe.read(path).method == method else { return nil }
      let written = try Self.keys(path)
      return keys.filter { key in
        let parts = key.split(separator: ".")
        let line = String(repeating: "  ", count: parts.count) + (parts.last ?? "") + ":"
        return !written.contains { $0.hasPrefix(line) }
      }
    }
    #expect(missing.contains { $0.isEmpty }, "\(missing)")
  }

  @Test func rasSaysTheDefaultsAndEveryKey() throws {
    let path = Self.folder + "/ras.yaml"
    #expect(try Recipe.read(path) == Recipe())
    let written = try Self.keys(path)
    let others = Methods.all.names.filter { $0 != "ras" }
    for key in Self.keys(of: Recipe(), without: others) {
      #expect(written.contains { $0.hasPrefix(key) }, "\(key)")
    }
  }

  @Test func uniADSaysItsDefaultsAndEveryKeyOfItsSection() throws {
    let path = Self.folder + "/uniad.yaml"
    var expected = Recipe(method: "uniad")
    #expect(!expected.features.pool)
    expected.training.learningRate = 4e-4
    expected.training.decay = [RateDrop(epoch: 48, factor: 0.1)]
    #expect(try Recipe.read(path) == expected)
    let written = try Self.keys(path)
    let others =
      ["backbone", "features", "training", "scoring", "calibration"]
      + Methods.all.names.filter { $0 != "uniad" }
    let own = Self.keys(of: expected, without: others)
    #expect(own.first == "method:" && own.contains("uniad:") && own.count == 13)
    for key in own { #expect(written.contains { $0.hasPrefix(key) }, "\(key)") }
  }

  @Test func uniADsPaperIsAsPublished() throws {
    var expected = Recipe(method: "uniad")
    expected.training.epochs = 1000
    expected.training.batch = 64
    expected.training.learningRate = 1e-4
    expected.training.decay = [RateDrop(epoch: 800, factor: 0.1)]
    expected.training.holdout = 0
    expected.training.crossFit.folds = 2
    expected.training.crossFit.epochs = 50
    #expect(try Recipe.read(Self.folder + "/uniad-paper.yaml") == expected)
  }

  @Test(arguments: ["padim", "patchcore"])
  func theReferencesSayTheirDefaultsAndEveryKeyOfTheirSection(method: String) throws {
    let path = Self.folder + "/\(method).yaml"
    let expected = Recipe(method: method)
    #expect(expected.features.standardize && expected.features.pool)
    #expect(try Recipe.read(path) == expected)
    let written = try Self.keys(path)
    let others =
      ["backbone", "features", "training", "scoring", "calibration"]
      + Methods.all.names.filter { $0 != method }
    let own = Self.keys(of: expected, without: others)
    #expect(own.contains("\(method):") && own.count >= 5)
    for key in own { #expect(written.contains { $0.hasPrefix(key) }, "\(key)") }
  }

  private static func keys(_ path: String) throws -> [Substring] {
    try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n")
  }

  /// The recipe's keys with their indentation, but for the named sections.
  private static func keys(of recipe: Recipe, without sections: [String]) -> [String] {
    var left = false
    return recipe.yaml.split(separator: "\n").compactMap { line in
      let key = String(line.prefix { $0 != ":" })
      if !key.hasPrefix(" ") { left = sections.contains(key) }
      return left ? nil : key + ":"
    }
  }

  @Test func rlrSaysEveryKeyAndIsTheFastSchedule() throws {
    let path = Self.folder + "/rlr.yaml"
    let recipe = try Recipe.read(path)
    let written = try Self.keys(path)
    let others =
      ["backbone", "features", "training", "scoring", "calibration"]
      + Methods.all.names.filter { $0 != "rlr" }
    for key in Self.keys(of: recipe, without: others) {
      #expect(written.contains { $0.hasPrefix(key) }, "\(key)")
    }
    var expected = RLRSettings()
    (expected.levels, expected.mlkaStart, expected.rateWidth) = ([8, 16], 0, 128)
    #expect(recipe[RLRSettings.self] == expected)
    #expect(recipe.features.standardize && recipe.backbone.padding == .dynamic)
    #expect(recipe.training.warmup == 60 && recipe.training.clip == 1)
    var three = try Recipe.read(Self.folder + "/rlr-three.yaml")
    three[RLRSettings.self].levels = [8, 16]
    #expect(three == recipe)
  }

  @Test func rlrAloneIsAtTheSizeWhoseWindowsAreKnown() throws {
    let recipe = try Recipe.parse("method: rlr\n")
    #expect(recipe.backbone.imageSize == 256 && recipe.backbone.padding == .dynamic)
  }

  @Test func rlrPaperIsAsPublished() throws {
    let recipe = try Recipe.read(Self.folder + "/rlr-paper.yaml")
    var expected = RLRSettings()
    (expected.hidden, expected.windows) = ([128, 256, 512], [11, 7, 5])
    #expect(recipe[RLRSettings.self] == expected)
    #expect(recipe.backbone.name == "efficientnet-b6" && recipe.backbone.imageSize == 256)
    let training = recipe.training
    #expect((training.epochs, training.batch) == (200, 4))
    #expect(training.optimizer == .adam && training.weightDecay == 0 && training.clip == 0)
    #expect(abs(training.learningRate - 3.0.squareRoot() * 1e-4) < 0.05e-4)
    #expect(!recipe.features.standardize)
  }

  @Test func thePaperIsAsPublished() throws {
    var recipe = try Recipe.read(Self.folder + "/ras-paper.yaml")
    #expect(recipe.training.holdout == 0)
    recipe.training.holdout = Recipe().training.holdout
    recipe.training.crossFit = CrossFitRecipe()
    #expect(recipe == Recipe.published)
  }

  @Test func standardizedDiffersInOneKey() throws {
    var three = try Recipe.read(Self.folder + "/three.yaml")
    #expect(three.training.epochs == 60)
    #expect(three.training.batch == 16)
    #expect(three.training.learningRate == 7e-4)
    #expect(three.training.holdout == 0)
    three.features.standardize = true
    #expect(try Recipe.read(Self.folder + "/three-standardized.yaml") == three)
  }

  @Test func theFastOneIsTheSmallestOfTable5() throws {
    var expected = Recipe()
    expected[RASSettings.self].encoder = 0
    expected[RASSettings.self].decoder = 1
    #expect(try Recipe.read(Self.folder + "/ras-fast.yaml") == expected)
  }

  @Test func uraNetSaysEveryKeyOfItsSectionWithItsDefault() throws {
    let path = Self.folder + "/ura-net.yaml"
    let recipe = try Recipe.read(path)
    #expect(recipe.method == "uranet")
    #expect(recipe[URANetSettings.self] == URANetMethod.defaults)
    #expect(recipe.backbone == Recipe().backbone)
    let written = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n")
    let section = recipe.yaml.split(separator: "\n").drop { $0 != "uranet:" }.dropFirst()
    for line in section.prefix(while: { $0.hasPrefix(" ") }) {
      let key = line.prefix { $0 != ":" } + ":"
      #expect(written.contains { $0.hasPrefix(key) }, "\(key)")
    }
  }

  @Test func dinomalySaysEveryKeyOfItsSectionWithItsDefault() throws {
    let path = Self.folder + "/dinomaly.yaml"
    var expected = Recipe(method: "dinomaly")
    #expect(expected.backbone.name == "dinov2_vits14" && !expected.features.pool)
    (expected.training.epochs, expected.training.optimizer) = (24, .stableAdamW)
    (expected.training.learningRate, expected.training.warmup) = (2e-3, 100)
    (expected.training.schedule, expected.training.cosineFloor) = (.cosine, 0.1)
    (expected.training.epsilon, expected.training.amsgrad) = (1e-10, true)
    expected.scoring.score = .top
    let recipe = try Recipe.read(path)
    #expect(recipe == expected && recipe[DinomalySettings.self] == DinomalySettings())
    let written = try Self.keys(path)
    let others =
      ["backbone", "features", "training", "scoring", "calibration"]
      + Methods.all.names.filter { $0 != "dinomaly" }
    for key in Self.keys(of: recipe, without: others) {
      #expect(written.contains { $0.hasPrefix(key) }, "\(key)")
    }
    // What the optimizer is called for is its usual.
    #expect(recipe.training.usedEpsilon == 1e-10 && recipe.training.usesAMSGrad)
    var usual = recipe
    (usual.training.epsilon, usual.training.amsgrad) = (nil, nil)
    #expect(usual.training.usedEpsilon == 1e-10 && usual.training.usesAMSGrad)
    #expect(Recipe().training.usedEpsilon == 1e-8 && !Recipe().training.usesAMSGrad)
    #expect(try Recipe.parse(recipe.yaml) == recipe && Recipe.parse(usual.yaml) == usual)
  }

  @Test func areFoundByName() throws {
    let folders = [Self.folder]
    #expect(try RecipeCatalog.find("three", in: folders) == Self.folder + "/three.yaml")
    #expect(try RecipeCatalog.find("three.yaml", in: folders) == Self.folder + "/three.yaml")
    let path = Self.folder + "/ras.yaml"
    #expect(try RecipeCatalog.find(path, in: []) == path)
    let problem = #expect(throws: FileProblem.self) {
      try RecipeCatalog.find("tree", in: folders)
    }
    #expect(problem?.description.contains("did you mean 'three'?") == true)
    #expect(problem?.description.contains("ras, ras-fast, ras-paper, rlr, rlr-paper") == true)
    #expect(throws: FileProblem.self) { try RecipeCatalog.find("no/such.yaml", in: folders) }
  }
}

@Suite("Spelling")
struct SpellingTests {
  @Test func findsTheNearestWord() {
    let known = ["epochs", "batch", "seed", "betas"]
    #expect(Spelling.nearest(to: "epoch", among: known) == "epochs")
    #expect(Spelling.nearest(to: "ehpocs", among: known) == "epochs")
    #expect(Spelling.nearest(to: "BATCH", among: known) == "batch")
    #expect(Spelling.nearest(to: "sed", among: known) == "seed")
    #expect(Spelling.nearest(to: "x", among: known) == nil)
    #expect(Spelling.nearest(to: "", among: known) == nil)
    #expect(Spelling.nearest(to: "learningRate", among: known) == nil)
    #expect(Spelling.nearest(to: "seed", among: []) == nil)
  }
}
