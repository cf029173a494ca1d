import NormaCore
import Testing

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
    ("padim", "padim:\n  smoothing: 2"),
    ("ras", "scoring:\n  pool: 8\ncalibration:\n  falseAlarmRate: 0.2"),
    ("ras", "training:\n  checkpointEvery: 1"),
    ("ras", "training:\n  holdout: 0.1\n  crossFit: {epochs: 1}"),
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
