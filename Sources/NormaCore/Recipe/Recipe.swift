import Foundation
import Networks

/// Everything that decides what is trained and how, by the names it has in a recipe's YAML: sections that
/// all methods share, and the settings of one method. The defaults are RAS ("Reconstruction as Sequence")
/// as published, at a length and batch that suit a CPU; `Recipes/ras.yaml` says the same with comments.
/// Where a method is named, its own defaults come first (``init(method:methods:)``).
public struct Recipe: Codable, Sendable, Equatable {
  /// The method's name in a recipe. Another one's settings begin at their defaults.
  public var method: String {
    didSet { if method != oldValue { settings = Self.initial(of: method, among: methods) } }
  }
  public var backbone = BackboneRecipe()
  public var features = FeaturesRecipe()
  /// The method's, its section of the recipe.
  public internal(set) var settings: any Settings
  public var training = TrainingRecipe()
  public var scoring = ScoringRecipe()
  public var calibration = CalibrationRecipe()
  /// Those that the recipe may name.
  public let methods: Methods

  public init(methods: Methods = .all) {
    self.init(method: Self.usual, methods: methods)
  }

  /// The defaults of a method: RAS's, but for what the method's own publication has otherwise.
  public init(method: String, methods: Methods = .all) {
    (self.method, self.methods) = (method, methods)
    settings = Self.initial(of: method, among: methods)
    let trunk = methods.named(method)?.trunkDefaults ?? TrunkDefaults()
    (backbone.imageSize, backbone.padding) = (trunk.imageSize, trunk.padding)
    backbone.name = trunk.backbone
    (features.pool, features.standardize) = (trunk.pools, trunk.standardizes)
  }

  /// The method of a recipe that names none.
  private static let usual = RASMethod.name

  private static func initial(of method: String, among methods: Methods) -> any Settings {
    methods.named(method)?.initial ?? NoSettings()
  }

  /// What is known of the method; nil when there is none of its name.
  public var definition: MethodDefinition? { methods.named(method) }

  /// The method as people write it, `URA-Net`.
  public var title: String { methods.title(of: method) }

  /// The method's settings, if they are of this kind. Of another method's nothing is kept: they read as
  /// their defaults, and setting them decides nothing.
  public subscript<Section: Settings>(_ kind: Section.Type) -> Section {
    get { settings as? Section ?? Section() }
    set { if settings is Section { settings = newValue } }
  }

  /// RAS exactly as the paper trained it on MVTec AD: batch 64, 500 epochs
  /// (`Recipes/ras-paper.yaml`).
  public static var published: Recipe {
    var recipe = Recipe()
    recipe.training.epochs = 500
    recipe.training.batch = 64
    return recipe
  }

  /// Whether the method rebuilds one map of features, on which noise can be put.
  public var rebuildsOneMap: Bool { definition?.rebuildsOneMap ?? false }

  /// The methods whose network rebuilds one map of features: noise on it is what RAS, Table 6,
  /// measures.
  public static let methodsOfOneMap = Methods.all.definitions.filter { $0.rebuildsOneMap }
    .map { $0.name }

  /// Whether the method says, beside map and score, what it perceives as anomalous.
  public var perceives: Bool { definition?.perceives ?? false }

  /// Whether the training pastes features of textured pictures, which are extracted for it.
  public var pastesTexture: Bool { definition?.texture(by: settings) ?? false }

  public static func == (left: Recipe, right: Recipe) -> Bool {
    left.method == right.method && left.backbone == right.backbone
      && left.features == right.features && left.settings.isSame(as: right.settings)
      && left.training == right.training && left.scoring == right.scoring
      && left.calibration == right.calibration
  }
}

/// The settings of a method that is not known.
private struct NoSettings: Settings {
  static let keys: [SettingKey<NoSettings>] = []
}

// MARK: Keys

extension Recipe {
  /// The sections, those of all methods among them: a recipe may say what a method would be set to that it
  /// does not name, which is read and decides nothing.
  var keys: [SettingKey<Recipe>] {
    Self.before + methods.definitions.map(Self.section) + Self.after
  }

  private static let before: [SettingKey<Recipe>] = [
    .value("method", \.method, "the method"),
    .section("backbone", \.backbone, "the frozen network that turns pictures into feature maps"),
    .section(
      "features", \.features, "what happens to the feature maps before the method sees them"),
  ]

  private static let after: [SettingKey<Recipe>] = [
    .section("training", \.training, "how long, how fast and on what the method is trained"),
    .section("scoring", \.scoring, "how a map becomes a picture's score"),
    .section("calibration", \.calibration, "what the thresholds promise"),
  ]

  private static func section(of definition: MethodDefinition) -> SettingKey<Recipe> {
    let name = definition.name
    return SettingKey(
      name: name, meaning: "the network of \(definition.title)",
      read: { recipe, node, reader in
        let isOwn = recipe.method == name
        let settings: any Settings = isOwn ? recipe.settings : definition.unsaid
        let read = reader.reading(node, over: settings)
        if isOwn { recipe.settings = read }
      },
      write: {
        $0.method == name ? ["\(name):"] + $0.settings.yamlLines.map { "  " + $0 } : []
      },
      decode: { recipe, container in
        guard recipe.method == name else { return }
        recipe.settings = try recipe.settings.decoded(from: container, name) ?? recipe.settings
      },
      encode: { recipe, container in
        guard recipe.method == name else { return }
        try container.encode(recipe.settings, forKey: SettingName(name))
      },
      forget: { recipe, other in
        recipe.settings = recipe.settings.learnedPart(others: other.settings)
      },
      homes: { definition.unsaid.homes(of: $0, in: name) })
  }

  /// The first section that has a key of this name.
  func home(of key: String) -> String? { keys.lazy.flatMap { $0.homes(key) }.first }

  // MARK: YAML and JSON

  /// The whole recipe as YAML, every key said. Reading it gives a recipe that trains the same.
  public var yaml: String { yamlLines.joined(separator: "\n") + "\n" }

  private var yamlLines: [String] { keys.flatMap { $0.write(self) } }

  /// Reads the JSON of manifests; keys that it lacks have their defaults.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: SettingName.self)
    self.init()
    for key in Self.before { try key.decode(&self, container) }
    // Not what a new recipe would begin with: what was written before a key was there means its default.
    settings = definition?.unsaid ?? NoSettings()
    for key in keys.dropFirst(Self.before.count) { try key.decode(&self, container) }
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: SettingName.self)
    for key in keys { try key.encode(self, &container) }
  }
}

extension Settings {
  fileprivate func learnedPart(others: any Settings) -> any Settings {
    (others as? Self).map { learned(others: $0) } ?? self
  }
}

// MARK: What is learned

extension Recipe {
  /// What a trained network depends on: this recipe, with everything at its default that only decides how
  /// the network's result is looked at (residual, map, score, precision, thresholds) or how its
  /// training is watched. Recipes that are equal in it train the same network.
  public var learned: Recipe {
    var part = self
    let common = Recipe(method: method, methods: methods)
    for key in keys { key.forget(&part, common) }
    return part
  }

  /// Whether the two train the same network, from the same pictures.
  public func trainsSame(as other: Recipe) -> Bool {
    learned.differences(from: other.learned).isEmpty
  }

  /// The keys that have other values in another recipe, as both write them; "nothing" where one does not
  /// write the key.
  public func differences(
    from other: Recipe
  ) -> [(key: String, here: String, there: String)] {
    let (here, there) = (written, other.written)
    let known = Dictionary(here, uniquingKeysWith: { $0 + " " + $1 })
    let others = Dictionary(there, uniquingKeysWith: { $0 + " " + $1 })
    var seen: Set<String> = []
    return (here + there).map(\.0).filter { seen.insert($0).inserted && known[$0] != others[$0] }
      .map { ($0, known[$0] ?? "nothing", others[$0] ?? "nothing") }
  }

  /// Each line of the YAML: its key with those of its sections, an element of a list with its number, and
  /// its value.
  private var written: [(String, String)] {
    var sections: [String] = []
    var elements: [[String]: Int] = [:]
    return yamlLines.compactMap { line in
      var depth = line.prefix { $0 == " " }.count / 2
      var text = line.drop { $0 == " " }
      if text.hasPrefix("- ") {
        let list = Array(sections.prefix(depth))
        sections = list + ["\(elements[list, default: 0])"]
        elements[list, default: 0] += 1
        (depth, text) = (depth + 1, text.dropFirst(2))
      }
      let name = String(text.prefix { $0 != ":" })
      sections = Array(sections.prefix(depth)) + [name]
      let value = text.dropFirst(name.count + 1).drop { $0 == " " }
      return value.isEmpty ? nil : (sections.joined(separator: "."), String(value))
    }
  }
}
