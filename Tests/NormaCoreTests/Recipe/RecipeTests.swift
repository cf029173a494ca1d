import Foundation
import Networks
import NormaCore
import NormaFiles
import TestSupport
import Testing

@Suite("Recipes")
struct RecipeTests {
  static func problem(_ text: String) -> String {
    let problem = #expect(throws: RecipeProblem.self) { try Recipe.parse(text, file: "r.yaml") }
    return problem?.description ?? ""
  }

  @Test func anEmptyRecipeIsTheDefault() throws {
    for text in ["", "\n", "# only words\n", "---\n", "training:\n  # epochs: 3\nras: ~\n"] {
      #expect(try Recipe.parse(text) == Recipe())
    }
  }

  @Test func readsEveryKindOfValue() throws {
    let recipe = try Recipe.parse(
      """
      method: ras
      backbone:
        name: "efficientnet-lite0"
        imageSize: 256
        taps: [0, 2, 4, 10]
        padding: dynamic
        weights: some/where/lite0.pth
      features: {pool: false, standardize: true, precision: f32}
      ras:
        hidden: 128
        jitter: 20.5
        window: 0
        updateNorm: false
      training:
        learningRate: 1e-3
        weightDecay: 0
        optimizer: adam
        betas: [0.8, .99]
        holdout: 0
        precision: bf16
        crossFit:
          folds: 4
      scoring:
        pool: 8
        score: top
        topShare: 0.02
        precision: bf16
      calibration:
        falseAlarmRate: 0.001
        extrapolate: true
      """)
    var expected = Recipe()
    expected.backbone.name = "efficientnet-lite0"
    expected.backbone.imageSize = 256
    expected.backbone.taps = [0, 2, 4, 10]
    expected.backbone.padding = .dynamic
    expected.backbone.weights = "some/where/lite0.pth"
    expected.features.pool = false
    expected.features.standardize = true
    expected.features.precision = .f32
    expected[RASSettings.self].hidden = 128
    expected[RASSettings.self].jitter = 20.5
    expected[RASSettings.self].window = 0
    expected[RASSettings.self].updateNorm = false
    expected.training.learningRate = 0.001
    expected.training.weightDecay = 0
    expected.training.optimizer = .adam
    expected.training.betas = [0.8, 0.99]
    expected.training.holdout = 0
    expected.training.precision = .bf16
    expected.training.crossFit.folds = 4
    expected.scoring.pool = 8
    (expected.scoring.score, expected.scoring.topShare) = (.top, 0.02)
    expected.scoring.precision = .bf16
    expected.calibration.falseAlarmRate = 0.001
    expected.calibration.extrapolate = true
    #expect(recipe == expected)
  }

  @Test func unknownKeysAreAnsweredWithWhatWasMeant() {
    #expect(
      Self.problem("method: ras\ntraining:\n  epoch: 3\n")
        == "r.yaml:3: unknown key 'epoch' in training (did you mean 'epochs'?)")
    #expect(
      Self.problem("epochs: 3\n") == "r.yaml:1: unknown key 'epochs'; it belongs in training")
    #expect(Self.problem("trainig: {}\n").contains("did you mean 'training'?"))
    #expect(
      Self.problem("scoring:\n  colour: red\n")
        == "r.yaml:2: unknown key 'colour' in scoring; known are pool, score, topShare, precision")
  }

  @Test func wrongKindsAreNamedWithTheirLine() {
    #expect(
      Self.problem(
        """
        training:
          epochs: many
          batch: 2.5
          betas: 0.9
          seed:
          keep: lats
          holdout: .nan
        features:
          pool: yes
        ras: 3
        backbone:
          taps: [1, x]
        """) == """
          r.yaml:2: training.epochs: expected a whole number, found 'many'
          r.yaml:3: training.batch: expected a whole number, found '2.5'
          r.yaml:4: training.betas: expected a list such as [1, 2], found '0.9'
          r.yaml:5: training.seed: expected a whole number, found nothing
          r.yaml:6: training.keep: expected one of last, best, found 'lats' (did you mean 'last'?)
          r.yaml:7: training.holdout: expected a number or auto, found '.nan'
          r.yaml:9: features.pool: expected true or false, found 'yes'
          r.yaml:10: ras: expected keys (hidden, heads, feedforward, dropout, encoder, decoder, \
          window, jitter, gate, transformer, updateNorm, residual, loss, bottleneckDropout), found '3'
          r.yaml:12: backbone.taps: expected a whole number, found 'x'
          """)
  }

  @Test func whatEditorsLeaveIsReadOrExplained() throws {
    #expect(try Recipe.parse("\u{FEFF}training:\n  epochs: 7\n").training.epochs == 7)
    #expect(
      Self.problem("training:\n\tepochs: 7\n")
        == "r.yaml:2: a tab indents this line, and YAML takes spaces only: replace it by two spaces"
    )
  }

  @Test func valuesOutOfRangeAreNamedWithTheirLine() {
    #expect(
      Self.problem(
        """
        training:
          epochs: 0
          learningRate: 0
          holdout: 0.6
          betas: [0.9, 1]
        ras:
          dropout: 1
          decoder: 0
        scoring:
          pool: 225
        """) == """
          r.yaml:7: ras.dropout: 1 is out of range; 0 to 0.9
          r.yaml:8: ras.decoder: 0 is out of range; 1 to 24
          r.yaml:2: training.epochs: 0 is out of range; 1 to 1000000
          r.yaml:3: training.learningRate: 0 is out of range; above 0, up to 10
          r.yaml:5: training.betas: two numbers from 0 to below 1, as [0.9, 0.999]
          r.yaml:4: training.holdout: 0.6 is out of range; 0 to 0.5, or auto
          r.yaml:10: scoring.pool: 225 is out of range; 1 to 224
          """)
  }

  @Test("auto holds a tenth out where that is enough for the promise, else nothing, and cross-fits")
  func holdoutFollowsThePromise() throws {
    var usual = Recipe()
    let training = usual.training
    #expect(training.holdout == .auto && training.folds == 5 && training.crossFit.folds == 0)
    // A tenth of 985 is 99 pictures, rounded: just enough for one in a hundred.
    #expect(usual.heldOutFraction(scenes: 985) == 0.1)
    #expect(usual.heldOutFraction(scenes: 984) == 0)
    usual.calibration.falseAlarmRate = 0.02
    #expect(usual.heldOutFraction(scenes: 984) == 0.1)
    usual.calibration.falseAlarmRate = 1e-300
    #expect(usual.heldOutFraction(scenes: 984) == 0)
    usual.training.keep = .best
    #expect(usual.heldOutFraction(scenes: 20) == 0.1)
    let told = try Recipe.parse("training: {holdout: 0.25}")
    #expect(told.heldOutFraction(scenes: 20) == 0.25 && told.training.folds == 0)
    // A bank of most patches cannot be cross-fitted.
    let bank = try Recipe.parse("method: patchcore\npatchcore: {share: 0.6}")
    #expect(bank.heldOutFraction(scenes: 20) == 0.1)
    #expect(try Recipe.parse(Recipe().yaml) == Recipe())
    let data = try JSONEncoder().encode([HoldoutShare.auto, 0.25])
    #expect(String(decoding: data, as: UTF8.self) == #"["auto",0.25]"#)
    #expect(try JSONDecoder().decode([HoldoutShare].self, from: data) == [.auto, 0.25])
  }

  @Test func keysAreCheckedAgainstEachOther() {
    #expect(
      Self.problem("ras:\n  heads: 7\n")
        == "r.yaml:2: ras.heads: 7 heads do not divide hidden (256)")
    #expect(Self.problem("ras: {hidden: 255, heads: 5}").contains("255 is odd"))
    #expect(
      Self.problem("training:\n  holdout: 0\n  keep: best\n").hasPrefix("r.yaml:3: training.keep:"))
    #expect(
      Self.problem("training:\n  holdout: 0.1\n  crossFit: {folds: 2}\n")
        == "r.yaml:3: training.crossFit.folds: cross-fitting is for holdout: 0 or auto; "
        + "here holdout is 0.1"
    )
    #expect(Self.problem("training: {holdout: 0, crossFit: {folds: 1}}").contains("1 part"))
    #expect(
      Self.problem("method: rsa\n")
        == "r.yaml:1: method: 'rsa' is not built; dinomaly, ensemble, padim, patchcore, ras, rlr, uniad, "
        + "uranet are (did you mean 'ras'?)")
    #expect(
      Self.problem("backbone:\n  name: eficientnet-b4\n")
        == "r.yaml:2: backbone.name: unknown backbone 'eficientnet-b4' "
        + "(did you mean 'efficientnet-b4'?)")
    #expect(Self.problem("backbone: {taps: [5, 1]}").contains("each larger than the one before"))
    #expect(Self.problem("backbone: {taps: []}").contains("the list is empty"))
  }

  @Test func aWindowThatHidesEverythingIsRefused() throws {
    #expect(
      Self.problem("ras:\n  window: 26\n")
        == "r.yaml:2: ras.window: a window of 26 hides every token of a 14×14 grid from every query; "
        + "the largest that fits is 25")
    #expect(throws: Never.self) { try Recipe.parse("ras: {window: 25}") }
    #expect(throws: Never.self) { try Recipe.parse("ras: {window: 27, encoder: 0}") }
    #expect(
      Self.problem("method: uranet\nuranet:\n  window: 26\n").hasPrefix(
        "r.yaml:3: uranet.window: a window of 26 hides every token"))
    #expect(throws: Never.self) {
      try Recipe.parse("ras: {window: 27}\nbackbone: {imageSize: 256}")
    }
    // Other taps have another grid, which is known later.
    let recipe = try Recipe.parse("ras: {window: 27}\nbackbone: {taps: [1]}")
    #expect(throws: RecipeProblem.self) { try recipe.validate(grids: [14]) }
    #expect(throws: Never.self) { try recipe.validate(grids: [15]) }
    var tiny = Recipe()
    tiny[RASSettings.self].window = 1
    let problem = #expect(throws: RecipeProblem.self) { try tiny.validate(grids: [1]) }
    #expect(problem?.description.hasSuffix("only 0, no mask, fits") == true)
    #expect(throws: Never.self) { try tiny.validate(grids: [2]) }
  }

  /// The closed form against the definition: a query sees a key that is further away than the
  /// window.
  @Test func theLargestWindowLeavesSomethingToSee() {
    func hidesEverything(_ window: Int, _ grid: Int) -> Bool {
      !(0..<grid).contains { first in
        (0..<grid).contains { second in abs(first - second) > window / 2 }
      }
    }
    for grid in 2...20 {
      let largest = MaskPattern.largestWindow(height: grid, width: grid)
      #expect(!hidesEverything(largest, grid))
      #expect(hidesEverything(largest + 1, grid))
    }
  }

  @Test func otherTextIsRefused() {
    #expect(Self.problem("training: [1\n").hasPrefix("r.yaml:"))
    #expect(Self.problem("training: [1\n").contains("not valid YAML"))
    #expect(Self.problem("a\tb: 'c\n").contains("not valid YAML"))
    #expect(Self.problem("just words\n").hasPrefix("r.yaml:1: expected keys (method, backbone"))
    #expect(
      Self.problem("method: ras\ntraining:\n  epochs: 1\n  epochs: 2\n")
        == "r.yaml:3: 'epochs' appears more than once")
    #expect(Self.problem(String(repeating: "[", count: 50_000)).contains("too many brackets"))
    #expect(!Self.problem(String(repeating: "- ", count: 100_000)).isEmpty)
    #expect(!Self.problem("method: ras\n---\nmethod: ras\n").isEmpty)
  }

  @Test func filesThatCannotBeRead() throws {
    let tree = try TemporaryFolder()
    try tree.file("latin.yaml", Data([0x23, 0xE9, 0x0A]))
    #expect(throws: FileProblem.self) { try Recipe.read(tree["none.yaml"]) }
    #expect(throws: FileProblem.self) { try Recipe.read(tree.path) }
    #expect(throws: RecipeProblem.self) { try Recipe.read(tree["latin.yaml"]) }
  }

  @Test func valuesFromElsewhereAreNamedWithoutALine() {
    var recipe = Recipe()
    recipe.training.epochs = -1
    let problem = #expect(throws: RecipeProblem.self) { try recipe.validate() }
    #expect(problem?.description == "training.epochs: -1 is out of range; 1 to 1000000")
  }

  @Test func writtenAndReadItIsTheSame() throws {
    var recipe = Recipe.published
    recipe.backbone.taps = [1, 5]
    recipe.backbone.weights = "a folder/with \"quotes\" \\ and\nmore: #"
    recipe.training.learningRate = 7e-4
    recipe.training.crossFit.epochs = 9
    #expect(try Recipe.parse(recipe.yaml) == recipe)
    #expect(try Recipe.parse(Recipe().yaml) == Recipe())
    for weights in ["true", "null", "12", "~", "a: b", "- x", "", " x ", "/data/b4.pth", "yes"] {
      recipe.backbone.weights = weights
      #expect(try Recipe.parse(recipe.yaml).backbone.weights == weights)
    }
  }

  /// What is left at its default leaves a recipe's text, and so what was trained by it, as it was.
  @Test(arguments: ["ras", "uniad"])
  func theResidualIsWrittenWhereItIsChosen(method: String) throws {
    #expect(!Recipe(method: method).yaml.contains("residual"))
    let recipe = try Recipe.parse("method: \(method)\n\(method):\n  residual: product\n")
    #expect(
      (method == "ras" ? recipe[RASSettings.self].residual : recipe[UniADSettings.self].residual)
        == .product)
    #expect(recipe.yaml.contains("residual: product"))
    #expect(try Recipe.parse(recipe.yaml) == recipe)
    #expect(throws: RecipeProblem.self) {
      try Recipe.parse("method: \(method)\n\(method):\n  residual: square\n")
    }
  }

  /// Manifests from before held the sections of all methods.
  @Test func jsonHoldsTheMethodsOwnSectionAndOldOnesAreRead() throws {
    var recipe = Recipe(method: "uniad")
    recipe[UniADSettings.self].hidden = 128
    let data = try JSONEncoder().encode(recipe)
    let object = try #require(JSONSerialization.jsonObject(with: data) as? [String: Any])
    #expect(
      Set(object.keys) == [
        "method", "backbone", "features", "uniad", "training", "scoring", "calibration",
      ])
    #expect((object["uniad"] as? [String: Any])?.count == UniADSettings.keys.count)
    let old = Data(
      #"{"method": "uniad", "features": {"pool": false}, "ras": {"hidden": 64}, "uniad": {"hidden": 128}}"#
        .utf8)
    #expect(try JSONDecoder().decode(Recipe.self, from: old) == recipe)
  }

  /// A section of another method is read, with its mistakes, and decides nothing.
  @Test func anotherMethodsSectionDecidesNothing() throws {
    #expect(try Recipe.parse("method: padim\nras: {hidden: 64}\n") == Recipe(method: "padim"))
    #expect(
      Self.problem("method: padim\nras:\n  hiden: 64\n")
        == "r.yaml:3: unknown key 'hiden' in ras (did you mean 'hidden'?)")
    var recipe = Recipe(method: "padim")
    recipe[RASSettings.self].hidden = 64
    #expect(recipe == Recipe(method: "padim"))
    #expect(recipe[RASSettings.self] == RASSettings())
  }

  @Test func everyMethodHasATitleAndEveryKeyAMeaning() {
    #expect(
      Methods.all.definitions.map { $0.title } == [
        "Dinomaly", "Ensemble", "PaDiM", "PatchCore", "RAS", "RLR", "UniAD", "URA-Net",
      ])
    #expect(Recipe(method: "uranet").title == "URA-Net")
    #expect(Methods.all.title(of: "brand-new") == "BRAND-NEW")
    func check<Section: Settings>(_ type: Section.Type) {
      for key in Section.keys {
        #expect(!key.meaning.isEmpty && !key.meaning.hasSuffix("."), "\(type) \(key.name)")
      }
      #expect(Set(Section.keys.map(\.name)).count == Section.keys.count, "\(type)")
    }
    check(PaDiMSettings.self)
    check(PatchCoreSettings.self)
    check(RASSettings.self)
    check(RLRSettings.self)
    check(UniADSettings.self)
    check(URANetSettings.self)
    check(URANetSettings.Perception.self)
    check(URANetSettings.Synthesis.self)
    check(TrainingRecipe.self)
    check(BackboneRecipe.self)
  }

  @Test func jsonHoldsEveryKeyAndMissingOnesHaveTheirDefault() throws {
    var recipe = Recipe.published
    recipe.backbone.taps = [3]
    recipe.training.keep = .best
    let data = try JSONEncoder().encode(recipe)
    #expect(try JSONDecoder().decode(Recipe.self, from: data) == recipe)
    let sparse = Data(#"{"training": {"epochs": 3}, "later": 1}"#.utf8)
    var expected = Recipe()
    expected.training.epochs = 3
    #expect(try JSONDecoder().decode(Recipe.self, from: sparse) == expected)
    #expect(throws: DecodingError.self) {
      try JSONDecoder().decode(Recipe.self, from: Data(#"{"training": {"epochs": "x"}}"#.utf8))
    }
  }
}
