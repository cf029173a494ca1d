import Networks
import NormaCore
import Testing

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
