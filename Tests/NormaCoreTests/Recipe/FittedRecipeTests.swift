import Networks
import NormaCore
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
