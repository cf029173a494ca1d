import Foundation

/// Everything that decides what is trained and how, by the names it has in a recipe's YAML. The
/// defaults are RAS ("Reconstruction as Sequence") as published, at a length and batch that suit a
/// CPU; `Recipes/ras.yaml` says the same with comments.
public struct Recipe: RecipeSection {
  /// The method; one of `methods`.
  public var method = "ras"
  public var backbone = BackboneRecipe()
  public var features = FeaturesRecipe()
  public var ras = RASRecipe()
  public var rlr = RLRRecipe()
  public var training = TrainingRecipe()
  public var scoring = ScoringRecipe()
  public var calibration = CalibrationRecipe()

  public init() {}

  /// The methods that are built.
  public static let methods = ["ras", "rlr"]

  public static let keys: [RecipeKey<Recipe>] = [
    .value("method", \.method),
    .section("backbone", \.backbone),
    .section("features", \.features),
    .section("ras", \.ras),
    .section("rlr", \.rlr),
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

  /// The whole recipe as YAML, every key said; reading it gives the same recipe.
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
    look("ras", RASRecipe.self)
    look("rlr", RLRRecipe.self)
    look("training", TrainingRecipe.self)
    look("training.crossFit", CrossFitRecipe.self)
    look("scoring", ScoringRecipe.self)
    look("calibration", CalibrationRecipe.self)
    return sections
  }
}
