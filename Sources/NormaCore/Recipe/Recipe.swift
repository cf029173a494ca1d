import Foundation
import NormaFiles

/// Everything that decides what is trained and how, by the names it has in a recipe's YAML. The
/// defaults are RAS ("Reconstruction as Sequence") as published, at a length and batch that suit a
/// CPU; `Recipes/ras.yaml` says the same with comments. Where a method is named, its own defaults
/// come first (``init(method:)``).
public struct Recipe: RecipeSection {
  /// The method, one of ``methods``.
  public var method = "ras"
  public var backbone = BackboneRecipe()
  public var features = FeaturesRecipe()
  public var padim = PaDiMRecipe()
  public var patchcore = PatchCoreRecipe()
  public var ras = RASRecipe()
  public var rlr = RLRRecipe()
  public var uniad = UniADRecipe()
  public var uranet = URANetRecipe()
  public var training = TrainingRecipe()
  public var scoring = ScoringRecipe()
  public var calibration = CalibrationRecipe()

  public init() {}

  /// The defaults of a method: RAS's, but for what the method's own publication has otherwise.
  public init(method: String) {
    self.method = method
    switch method {
    // Distances weigh every channel alike only where all have the same deviation.
    case "padim", "patchcore": features.standardize = true
    // What is pasted and what is restored weigh every channel alike too.
    case "uranet": (features.standardize, uranet.compared) = (true, .uniform)
    // Its levels are aligned without being pooled before.
    case "uniad": features.pool = false
    // Larger pictures, padded at their actual size.
    case "rlr": (backbone.imageSize, backbone.padding) = (256, .dynamic)
    default: break
    }
  }

  /// The methods that are built, by their names in a recipe; each has a section of its name.
  public static let methods = ["padim", "patchcore", "ras", "rlr", "uniad", "uranet"]

  public static let keys: [RecipeKey<Recipe>] = [
    .value("method", \.method),
    .section("backbone", \.backbone),
    .section("features", \.features),
    .section("padim", \.padim).written { $0.method == "padim" },
    .section("patchcore", \.patchcore).written { $0.method == "patchcore" },
    .section("ras", \.ras).written { $0.method == "ras" },
    .section("rlr", \.rlr).written { $0.method == "rlr" },
    .section("uniad", \.uniad).written { $0.method == "uniad" },
    .section("uranet", \.uranet).written { $0.method == "uranet" },
    .section("training", \.training),
    .section("scoring", \.scoring),
    .section("calibration", \.calibration),
  ]

  /// RAS exactly as the paper trained it on MVTec AD: batch 64, 500 epochs
  /// (`Recipes/ras-paper.yaml`).
  public static var published: Recipe {
    var recipe = Recipe()
    recipe.training.epochs = 500
    recipe.training.batch = 64
    return recipe
  }

  /// The feature grid's side for the default taps, whose coarsest stride is 16: 14 at 224 pixels.
  public var grid: Int { (backbone.imageSize + 15) / 16 }

  /// Reads a recipe; keys that it does not mention have their defaults.
  /// - Throws: `FileProblem` when the file cannot be read, `RecipeProblem` with the file, the line
  ///   and the key of everything that is wrong in it.
  public static func read(_ path: String) throws -> Recipe {
    let data = try PosixFile(reading: path).readAll(limit: 1 << 18)
    guard let text = String(validating: data, as: UTF8.self) else {
      throw RecipeProblem(file: path, reason: "not YAML: the file is not UTF-8 text")
    }
    return try parse(text, file: path)
  }

  /// - Parameter file: what errors call the text.
  /// - Throws: `RecipeProblem`.
  public static func parse(_ text: String, file: String = "recipe") throws -> Recipe {
    try RecipeReader.read(text, file: file)
  }

  /// The whole recipe as YAML, every key said but for those of other methods, which decide nothing.
  /// Reading it gives a recipe that trains the same.
  public var yaml: String {
    yamlLines.joined(separator: "\n") + "\n"
  }

  /// The sections that have a key of this name, for errors.
  static func sections(with key: String) -> [String] {
    var sections: [String] = []
    func look<Section: RecipeSection>(_ section: String, _ type: Section.Type) {
      if type.keys.contains(where: { $0.name == key }) { sections.append(section) }
    }
    look("backbone", BackboneRecipe.self)
    look("features", FeaturesRecipe.self)
    look("padim", PaDiMRecipe.self)
    look("patchcore", PatchCoreRecipe.self)
    look("ras", RASRecipe.self)
    look("rlr", RLRRecipe.self)
    look("uniad", UniADRecipe.self)
    look("uranet", URANetRecipe.self)
    look("uranet.perception", PerceptionRecipe.self)
    look("uranet.synthesis", SynthesisRecipe.self)
    look("training", TrainingRecipe.self)
    look("training.crossFit", CrossFitRecipe.self)
    look("scoring", ScoringRecipe.self)
    look("calibration", CalibrationRecipe.self)
    return sections
  }
}
