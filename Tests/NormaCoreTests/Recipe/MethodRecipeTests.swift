import Foundation
import Networks
import NormaCore
import NormaFiles
import Testing

@Suite("Recipes of PatchCore and PaDiM")
struct FittedRecipeTests {
  @Test func readEveryKey() throws {
    let recipe = try Recipe.parse(
      """
      method: patchcore
      patchcore:
        coreset: random
        share: 0.25
        limit: 2000
        candidates: 4000
        projection: 0
        smoothing: 4
        score: reweighted
        neighbours: 5
      """)
    var expected = PatchCoreSettings()
    (expected.coreset, expected.share, expected.limit) = (.random, 0.25, 2000)
    (expected.candidates, expected.projection, expected.smoothing) = (4000, 0, 4)
    (expected.score, expected.neighbours) = (.reweighted, 5)
    #expect(recipe[PatchCoreSettings.self] == expected && recipe.features.standardize)
    #expect(try Recipe.parse(recipe.yaml) == recipe)
    let other = try Recipe.parse(
      """
      method: padim
      features: {standardize: false}
      padim:
        dimensions: 30
        epsilon: 0.1
        smoothing: 2
      """)
    var gaussians = PaDiMSettings()
    (gaussians.dimensions, gaussians.epsilon, gaussians.smoothing) = (30, 0.1, 2)
    #expect(other[PaDiMSettings.self] == gaussians && !other.features.standardize)
    #expect(try Recipe.parse(other.yaml) == other)
  }

  @Test(arguments: [
    ("patchcore", "patchcore: {share: 0}", "patchcore.share: 0 is out of range"),
    ("patchcore", "patchcore: {share: 1.5}", "patchcore.share: 1.5 is out of range"),
    ("patchcore", "patchcore: {limit: 0}", "patchcore.limit: 0 is out of range"),
    ("patchcore", "patchcore: {candidates: 0}", "patchcore.candidates: 0 is out of range"),
    ("patchcore", "patchcore: {projection: -1}", "patchcore.projection: -1 is out of range"),
    ("patchcore", "patchcore: {smoothing: 65}", "patchcore.smoothing: 65 is out of range"),
    ("patchcore", "patchcore: {neighbours: 1}", "patchcore.neighbours: 1 is out of range"),
    ("patchcore", "patchcore: {score: max}", "expected one of pooled, reweighted"),
    ("patchcore", "patchcore: {coreset: greedy}", "expected one of farthest, random"),
    ("patchcore", "patchcore: {shares: 0.1}", "did you mean 'share'?"),
    ("patchcore", "scoring: {precision: bf16}", "scoring.precision: patchcore's distances"),
    (
      "patchcore", "patchcore: {share: 0.6}\ntraining: {holdout: 0, crossFit: {folds: 3}}",
      "patchcore.share: 0.6 is too much for cross-fitting"
    ),
    ("padim", "padim: {dimensions: 0}", "padim.dimensions: 0 is out of range"),
    ("padim", "padim: {epsilon: 0}", "padim.epsilon: 0 is out of range"),
    ("padim", "padim: {smoothing: -1}", "padim.smoothing: -1 is out of range"),
    ("padim", "dimensions: 3", "it belongs in padim"),
  ])
  func whatCannotBeIsNamedWithItsLine(method: String, text: String, reason: String) {
    let problem = RecipeTests.problem("method: \(method)\n\(text)\n")
    #expect(problem.hasPrefix("r.yaml:2: ") && problem.contains(reason), "\(problem)")
  }

  @Test func aModelThatWouldBeTooLargeIsRefused() throws {
    let recipe = Recipe(method: "padim")
    try recipe.validate(grids: [14])
    try recipe.validate(grids: [64])
    var large = recipe
    large[PaDiMSettings.self].dimensions = 272
    let problem = #expect(throws: RecipeProblem.self) { try large.validate(grids: [64]) }
    #expect(problem?.description.contains("a model of 1156 MiB") == true, "\(problem as Any)")
  }
}

@Suite("Recipes of RLR")
struct RLRRecipeTests {
  private func problem(_ text: String) -> String {
    RecipeTests.problem("method: rlr\nbackbone: {imageSize: 256}\n" + text)
  }

  @Test func readsEveryKey() throws {
    let recipe = try Recipe.parse(
      """
      method: rlr
      backbone: {imageSize: 320}
      rlr:
        levels: [8, 16]
        hidden: [64, 96]
        heads: 4
        layers: 2
        feedforward: 3
        windows: [9, 5]
        alpha: 1.5
        jitter: 0
        residual: true
        selfAttention: true
        crossAttention: true
        mlka: false
        lca: false
        mlkaStart: 0.25
        difference: norm
        smoothing: 2.5
        optimizerSteps: perLevel
        rateWidth: 64
      """)
    var expected = RLRSettings()
    expected.levels = [8, 16]
    (expected.hidden, expected.windows) = ([64, 96], [9, 5])
    (expected.heads, expected.layers, expected.feedforward) = (4, 2, 3)
    (expected.alpha, expected.jitter, expected.smoothing) = (1.5, 0, 2.5)
    (expected.residual, expected.selfAttention, expected.crossAttention) = (true, true, true)
    (expected.mlka, expected.lca, expected.mlkaStart) = (false, false, 0.25)
    (expected.difference, expected.optimizerSteps) = (.norm, .perLevel)
    expected.rateWidth = 64
    #expect(recipe[RLRSettings.self] == expected)
    #expect(try Recipe.parse(recipe.yaml) == recipe)
    #expect(throws: Never.self) { try Recipe.parse("method: rlr\nbackbone: {imageSize: 256}") }
  }

  @Test func valuesThatCannotBeAreNamedWithTheirLine() {
    #expect(
      problem("rlr:\n  heads: 3\n") == "r.yaml:4: rlr.heads: 3 heads do not divide hidden (128)")
    #expect(
      problem("rlr:\n  levels: [16, 8]\n").hasPrefix(
        "r.yaml:4: rlr.levels: strides among 2, 4, 8 and 16"))
    #expect(problem("rlr:\n  levels: []\n").hasPrefix("r.yaml:4: rlr.levels"))
    #expect(
      problem("rlr:\n  levels: [8, 16]\n  hidden: [64]\n")
        == "r.yaml:5: rlr.hidden: 1 values for 2 levels; one a level, finest first")
    #expect(problem("rlr:\n  hidden: [64, 66, 64]\n").contains("66 is not a multiple of 4"))
    #expect(
      problem("rlr:\n  mlka: false\n  lca: false\n").hasPrefix("r.yaml:5: rlr.lca: no attention"))
    #expect(problem("rlr:\n  rateWidth: 0\n").contains("0 is out of range; 1 to 8192"))
    #expect(problem("rlr:\n  difference: mean\n").contains("one of meanSquare, norm"))
    #expect(problem("rlr:\n  windows: [11, 7, 0]\n").contains("0 is out of range; 1 to 4096"))
  }

  @Test func everyGridNeedsAWindowThatLeavesSomethingToSee() throws {
    #expect(
      RecipeTests.problem(
        "method: rlr\nbackbone: {imageSize: 224}\nrlr:\n  levels: [8, 16]\n"
      ).contains(
        "no window is known for a grid of 28×28; the grids are 28×28, 14×14: give one window"))
    #expect(
      problem("rlr:\n  levels: [16]\n  windows: [31]\n")
        == "r.yaml:5: rlr.windows: a window of 31 hides every token of a 16×16 grid from every query; "
        + "the largest that fits is 29")
    #expect(throws: Never.self) {
      try Recipe.parse(
        "method: rlr\nbackbone: {imageSize: 256}\nrlr: {levels: [16], windows: [31], mlka: false}")
    }
    // Without windowed attention no window is needed.
    #expect(throws: Never.self) {
      try Recipe.parse("method: rlr\nrlr: {mlka: false, lca: false, selfAttention: true}")
    }
    // Other taps have other grids, which are known later.
    let recipe = try Recipe.parse("method: rlr\nbackbone: {taps: [5, 9]}")
    let problem = #expect(throws: RecipeProblem.self) { try recipe.validate(grids: [56, 28]) }
    #expect(problem?.description.contains("grid of 56×56") == true)
    #expect(throws: Never.self) { try recipe.validate(grids: [64, 32]) }
  }

  @Test func otherMethodsWindowsAreNotItsConcern() {
    #expect(throws: Never.self) {
      try Recipe.parse(
        "method: rlr\nbackbone: {imageSize: 64}\nrlr: {levels: [16], windows: [3]}")
    }
  }
}

struct URANetRecipeTests {
  @Test func theScoreAndTheSourcesCanBeChosen() throws {
    let recipe = try Recipe.parse(
      """
      method: uranet
      uranet:
        score: top
        topShare: 0.02
        synthesis:
          sources: [other, texture]
      """)
    #expect(
      recipe[URANetSettings.self].score == .top && recipe[URANetSettings.self].topShare == 0.02)
    #expect(recipe.pastesTexture)
    #expect(try Recipe.parse(recipe.yaml) == recipe)
    #expect(!Recipe(method: "uranet").pastesTexture)
    var other = recipe
    other.method = "ras"
    #expect(!other.pastesTexture)
  }

  /// What is left at its default leaves a recipe's text, and so what was trained by it, as it was.
  @Test func theScoreIsWrittenWhereItIsChosen() throws {
    var recipe = Recipe(method: "uranet")
    #expect(!recipe.yaml.contains("score:") && !recipe.yaml.contains("topShare"))
    recipe[URANetSettings.self].score = .top
    #expect(recipe.yaml.contains("score: top") && recipe.yaml.contains("topShare: 0.01"))
  }

  /// A model's recipe from before there was a choice says nothing of it.
  @Test func modelsFromBeforeCompareByRegion() throws {
    #expect(Recipe(method: "uranet")[URANetSettings.self].compared == .uniform)
    #expect(try Recipe.parse("method: uranet\n")[URANetSettings.self].compared == .uniform)
    let manifest = Data(#"{"method": "uranet", "uranet": {"floor": 0.25}}"#.utf8)
    #expect(
      try JSONDecoder().decode(Recipe.self, from: manifest)[URANetSettings.self].compared == .region
    )
    var recipe = Recipe(method: "uranet")
    recipe[URANetSettings.self].compared = .region
    #expect(try Recipe.parse(recipe.yaml) == recipe)
  }

  @Test(arguments: [
    ("score: most", "max"), ("topShare: 0", "topShare"), ("topShare: 1.5", "topShare"),
    ("floor: 0", "uranet.compared"),
    ("synthesis: {sources: [textures]}", "texture"),
  ])
  func whatCannotBeIsNamed(text: String, word: String) {
    let problem = #expect(throws: RecipeProblem.self) {
      try Recipe.parse("method: uranet\nuranet:\n  \(text)\n")
    }
    #expect(problem?.description.contains(word) == true, "\(problem?.description ?? "")")
  }
}

@Suite("Recipes of Dinomaly")
struct DinomalyRecipeTests {
  @Test func readsEveryKey() throws {
    let recipe = try Recipe.parse(
      """
      method: dinomaly
      backbone: {name: efficientnet-b4, taps: [5, 9, 21]}
      dinomaly:
        hidden: 128
        headWidth: 32
        decoder: 6
        feedforward: 2
        dropout: 0.4
        easy: 0.8
        easyFactor: 0
        easySteps: 10
        smoothing: 2
        kernel: 7
      """)
    var expected = DinomalySettings()
    (expected.hidden, expected.headWidth, expected.decoder) = (128, 32, 6)
    (expected.feedforward, expected.dropout) = (2, 0.4)
    (expected.easy, expected.easyFactor, expected.easySteps) = (0.8, 0, 10)
    (expected.smoothing, expected.kernel) = (2, 7)
    #expect(recipe[DinomalySettings.self] == expected)
    #expect(try Recipe.parse(recipe.yaml) == recipe)
    // Levels of three strides, all on the coarsest one's grid, and no token that is no patch.
    let trunk = try recipe.trunk()
    #expect(trunk.arrangement == .tokens(pools: false) && trunk.prefix == nil)
    #expect(trunk.maps.map(\.channels) == [32, 56, 160] && trunk.maps == trunk.outputs)
    #expect(trunk.maps.allSatisfy { $0.grid == Grid(height: 14, width: 14) })
    let method = try #require(try recipe.detectingMethod(trunk) as? DinomalyMethod)
    #expect(method.shape.channels == [32, 56, 160] && method.shape.prefix == 0)
    #expect(method.score == .top(share: 0.01))
  }

  @Test(arguments: [
    ("headWidth: 0", "dinomaly.headWidth: 0 is out of range"),
    ("hidden: 100", "dinomaly.hidden: 100 is not a multiple of headWidth (64)"),
    ("decoder: 0", "dinomaly.decoder: 0 is out of range"),
    ("dropout: 1", "dinomaly.dropout: 1 is out of range"),
    ("easy: 1", "dinomaly.easy: 1 is out of range"),
    ("smoothing: 65", "dinomaly.smoothing: 65 is out of range"),
    ("kernel: 4", "dinomaly.kernel: 4 is even"),
    ("kernels: 5", "did you mean 'kernel'?"),
  ])
  func valuesThatCannotBeAreNamed(text: String, words: String) {
    let problem = #expect(throws: RecipeProblem.self) {
      try Recipe.parse("method: dinomaly\ndinomaly: {\(text)}\n")
    }
    #expect(problem?.description.contains(words) == true, "\(problem?.description ?? "")")
  }

  @Test func theScoreIsTheMethodsUntilSomebodySaysOtherwise() throws {
    func score(_ text: String) throws -> PictureScore? {
      let recipe = try Recipe.parse("method: dinomaly\n" + text)
      return try (recipe.detectingMethod(recipe.trunk()) as? DinomalyMethod)?.score
    }
    #expect(try score("") == .top(share: 0.01))
    #expect(try score("scoring: {topShare: 0.02}") == .top(share: 0.02))
    #expect(try score("scoring: {score: maximum, pool: 4}") == .maximum(pooling: 4))
    let recipe = try Recipe.parse("scoring: {score: top}")
    let ras = try recipe.detectingMethod(recipe.trunk()) as? RASMethod
    #expect(ras?.score == .top(share: 0.01))
  }
}

/// What of a recipe reaches the trained network.
struct LearnedRecipeTests {
  @Test(arguments: [
    ("ras", "ras:\n  residual: sum"), ("uniad", "uniad:\n  residual: product"),
    ("rlr", "rlr:\n  difference: norm\n  smoothing: 2"),
    (
      "uranet",
      "uranet:\n  residual: sum\n  compared: region\n  smoothing: 0\n  score: top\n  topShare: 0.1\n"
        + "  perception: {samples: 4, uncertainty: epistemic, suspicious: 0.1}"
    ),
    ("patchcore", "patchcore:\n  smoothing: 2\n  score: reweighted\n  neighbours: 5"),
    ("dinomaly", "dinomaly:\n  smoothing: 2\n  kernel: 7"),
    ("dinomaly", "scoring:\n  score: maximum\n  pool: 8"),
    ("padim", "padim:\n  smoothing: 2"),
    ("ras", "scoring:\n  score: top\n  topShare: 0.05"), ("rlr", "scoring:\n  score: maximum"),
    ("ras", "scoring:\n  pool: 8\ncalibration:\n  falseAlarmRate: 0.2"),
    ("ras", "training:\n  checkpointEvery: 1"),
    ("ras", "training:\n  crossFit: {epochs: 1}"),
  ])
  func howItIsLookedAtDoesNot(method: String, section: String) throws {
    let recipe = try Recipe.parse("method: \(method)\n\(section)\n")
    #expect(recipe != Recipe(method: method))
    #expect(recipe.trainsSame(as: Recipe(method: method)))
    #expect(recipe.learned == Recipe(method: method).learned)
  }

  @Test(arguments: [
    ("ras", "ras:\n  jitter: 20", "ras.jitter"),
    ("uranet", "uranet:\n  floor: 0.25", "uranet.floor"),
    ("uranet", "uranet:\n  synthesis: {enabled: false}", "uranet.synthesis.enabled"),
    ("rlr", "rlr:\n  alpha: 1", "rlr.alpha"),
    ("patchcore", "patchcore:\n  share: 0.2", "patchcore.share"),
    ("padim", "padim:\n  epsilon: 0.1", "padim.epsilon"),
    ("dinomaly", "dinomaly:\n  easy: 0.5", "dinomaly.easy"),
    ("ras", "ras:\n  loss: cosine", "ras.loss"), ("rlr", "rlr:\n  loss: cosine", "rlr.loss"),
    ("uniad", "uniad:\n  bottleneckDropout: 0.2", "uniad.bottleneckDropout"),
    ("dinomaly", "training:\n  optimizer: stableAdamW", "training.optimizer"),
    ("dinomaly", "training:\n  amsgrad: true", "training.amsgrad"),
    ("ras", "training:\n  cosineFloor: 0.1", "training.cosineFloor"),
    ("ras", "features:\n  standardize: true", "features.standardize"),
    ("ras", "training:\n  seed: 1", "training.seed"),
    ("ras", "training:\n  keep: best", "training.keep"),
    ("ras", "training:\n  holdout: 0.2", "training.holdout"),
  ])
  func whatItIsTrainedByDoes(method: String, section: String, key: String) throws {
    let recipe = try Recipe.parse("method: \(method)\n\(section)\n")
    #expect(!recipe.trainsSame(as: Recipe(method: method)))
    let found = recipe.learned.differences(from: Recipe(method: method).learned)
    #expect(found.map(\.key) == [key])
    #expect(found[0].here != found[0].there)
  }

  @Test func whatOneDoesNotSayIsNamedToo() throws {
    let other = Recipe(method: "uniad")
    let found = Recipe().differences(from: other)
    #expect(found.contains { $0 == ("method", "ras", "uniad") })
    #expect(found.contains { $0 == ("ras.gate", "true", "nothing") })
    #expect(found.contains { $0 == ("uniad.maskSelf", "nothing", "true") })
    #expect(Recipe().differences(from: Recipe()).isEmpty)
  }
}

/// The resolved text goes into fingerprints of features, models and benchmark runs: were it to change, what is
/// kept under the old ones would be lost.
struct ResolvedRecipeTests {
  @Test(arguments: [
    ("padim", "5d4c050bd4d373f338f269a66cd92358ff654643740001ed7901d536e37950a7"),
    ("patchcore", "6fe4892aa8358222e6ab9f14cb50a731562f3dc151488fe30fc26a664a4d760f"),
    ("ras", "2ffda60a8bd6e9b4ded1a2e10c86c8982b5315f5a02bce1f6b168395709dc991"),
    ("rlr", "40d20baac818f5f0b7584ee5370c62a7888bd0f50bb4d571855579ad4a033754"),
    ("uniad", "6efe871569c298da314963d2bd558de47ef162d84bd280557f7301253fcf9cd3"),
    ("uranet", "e96228a49f1c37fe2ac85e7828c10f52dcad9c980acb326def61f5ca5f9fa513"),
  ])
  func theTextIsTheOneThatItAlwaysWas(method: String, digest: String) {
    let yaml = Recipe(method: method).yaml
    #expect(Digest.sha256(Data(yaml.utf8)) == digest, "\(yaml)")
  }
}
