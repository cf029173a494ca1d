/// A method that a recipe can name: what ``Methods/all`` lists. All that is to be said of it stands here, in
/// its settings and in its training (`NormaTraining`), and nowhere else.
public protocol DefinedMethod: AnomalyMethod {
  /// What a recipe says of the method, in the section of the method's name; its network's configuration.
  associatedtype MethodSettings: Settings

  /// As recipes name it, `uranet`.
  static var name: String { get }
  /// As people write it, `URA-Net`.
  static var title: String { get }
  /// What a new recipe begins with. (What a recipe's JSON does not say is as `MethodSettings()` has it.)
  static var defaults: MethodSettings { get }
  /// What a new recipe of it begins with in the sections that all methods share.
  static var trunkDefaults: TrunkDefaults { get }

  /// Whether it says, beside map and score, what it perceives (``Detection/perceived``).
  static var perceives: Bool { get }
  /// Whether its publication scores a picture by the mean of its map's largest values
  /// (``PictureScore/top(share:)``), and not by their maximum.
  static var scoresByTop: Bool { get }

  /// What the trunk has to give.
  static func requiredFeatures(_ settings: MethodSettings) -> RequiredFeatures
  /// Whether training pastes features of textured pictures, which then have to be extracted.
  static func pastesTexture(_ settings: MethodSettings) -> Bool

  /// What cannot be, beyond what the settings' keys say; keys with their sections, as `ras.window`.
  static func check(
    _ settings: MethodSettings, in context: MethodContext, _ check: inout SettingCheck)
  /// What cannot be on grids that only the backbone knows.
  ///
  /// - Parameter grids: sides of the maps that the method sees, finest first.
  static func check(_ settings: MethodSettings, grids: [Int], _ check: inout SettingCheck)

  /// The method, made for the maps of `trunk`.
  init(_ settings: MethodSettings, trunk: Trunk, context: MethodContext) throws
}

extension DefinedMethod {
  public static var defaults: MethodSettings { MethodSettings() }
  public static var trunkDefaults: TrunkDefaults { TrunkDefaults() }
  public static var perceives: Bool { false }
  public static var scoresByTop: Bool { false }
  public static func requiredFeatures(_ settings: MethodSettings) -> RequiredFeatures { .aligned }
  public static func pastesTexture(_ settings: MethodSettings) -> Bool { false }
  public static func check(
    _ settings: MethodSettings, in context: MethodContext, _ check: inout SettingCheck
  ) {}
  public static func check(
    _ settings: MethodSettings, grids: [Int], _ check: inout SettingCheck
  ) {}

  /// The one aligned map that such a method takes.
  package static func alignedOutput(_ trunk: Trunk) throws -> MapShape {
    guard let aligned = trunk.outputs.first, trunk.outputs.count == 1 else {
      throw NetworkError("\(name) takes one aligned feature map, not \(trunk.outputs.count)")
    }
    return aligned
  }
}

/// What the trunk has to give a method.
public enum RequiredFeatures: Equatable, Sendable {
  /// One map: the levels on the coarsest grid, their channels stacked.
  case aligned
  /// Each level on its own grid; those at these strides, where a recipe names no blocks.
  case levels(strides: [Int])
  /// Each of the backbone's usual levels on the coarsest grid, and the tokens that are no patches, where it
  /// has any.
  case tokens
}

/// What a method's own publication has otherwise than RAS's, in the sections that all methods share.
public struct TrunkDefaults: Equatable, Sendable {
  /// Side of the square that pictures are resized to, in pixels.
  public var imageSize = 224
  public var padding = BackbonePadding.nominal
  /// The backbone that recipes of the method begin with.
  public var backbone = "efficientnet-b4"
  /// 3×3 average pooling of each level.
  public var pools = true
  /// Each channel to mean 0 and deviation 1 over the training pictures.
  public var standardizes = false

  public init(
    imageSize: Int = 224, padding: BackbonePadding = .nominal, pools: Bool = true,
    standardizes: Bool = false, backbone: String = "efficientnet-b4"
  ) {
    (self.imageSize, self.padding, self.backbone) = (imageSize, padding, backbone)
    (self.pools, self.standardizes) = (pools, standardizes)
  }
}

/// What of a recipe's other sections a method may look at.
public struct MethodContext: Sendable {
  /// Side of the square that pictures are resized to, in pixels.
  public var imageSize: Int
  /// The backbone's blocks whose outputs are used; nil for those that are usual at strides up to 16.
  public var taps: LevelTaps?
  /// The same of each further backbone of an ensemble.
  public var beside: [LevelTaps?] = []
  /// How a pixel map becomes its picture's score.
  public var score: PictureScore
  /// Whether the model inspects in 16-bit brain floats.
  public var inspectsInBF16: Bool
  /// Parts of a cross-fitting; 0 for none.
  public var folds: Int
  /// `count` of the numbers 0 ..< `total`, ascending, drawn from the recipe's seed, in a stream of random
  /// numbers of that name.
  public var draw: @Sendable (_ count: Int, _ total: Int, _ stream: String) -> [Int]

  public init(
    imageSize: Int, taps: LevelTaps?, score: PictureScore, inspectsInBF16: Bool, folds: Int,
    draw: @escaping @Sendable (_ count: Int, _ total: Int, _ stream: String) -> [Int]
  ) {
    (self.imageSize, self.taps, self.score) = (imageSize, taps, score)
    (self.inspectsInBF16, self.folds, self.draw) = (inspectsInBF16, folds, draw)
  }

  /// The aligned grid's side for the usual taps, whose coarsest stride is 16: 14 at 224 pixels. nil for
  /// other taps, which may have another grid, that only the backbone knows.
  public var usualGrid: Int? { taps == nil ? (imageSize + 15) / 16 : nil }
}

/// A method without its settings: `definition.title`, `definition.name`.
public typealias MethodDefinition = any DefinedMethod.Type

/// The methods that recipes can name.
public struct Methods: Sendable {
  /// All that Norma has, by name.
  public static let all = Methods([
    DinomalyMethod.self, EnsembleMethod.self, PaDiMMethod.self, PatchCoreMethod.self,
    RASMethod.self,
    RLRMethod.self, UniADMethod.self, URANetMethod.self,
  ])

  public let definitions: [MethodDefinition]

  public init(_ definitions: [MethodDefinition]) { self.definitions = definitions }

  /// As recipes name them.
  public var names: [String] { definitions.map { $0.name } }

  /// Nil when there is none of that name.
  public func named(_ name: String) -> MethodDefinition? { definitions.first { $0.name == name } }

  /// As people write the method of that name; of one that is unknown, the name in capitals.
  public func title(of name: String) -> String { named(name)?.title ?? name.uppercased() }
}

extension DefinedMethod {
  /// Whether the method rebuilds one map of features: noise on it is what RAS, Table 6, measures.
  public static var rebuildsOneMap: Bool { Self.self is any FeatureReconstruction.Type }

  /// Every key of its section, those of the sections within with their sections.
  package static var allKeys: [String] { MethodSettings.allKeys }

  /// The settings of a new recipe.
  package static var initial: any Settings { defaults }
  /// The settings of a recipe whose file does not say them.
  package static var unsaid: any Settings { MethodSettings() }

  /// The method by settings that are its own, in whatever they are handed around.
  package static func made(
    by settings: any Settings, trunk: Trunk, context: MethodContext
  ) throws -> any AnomalyMethod {
    try Self(own(settings), trunk: trunk, context: context)
  }

  package static func features(by settings: any Settings) -> RequiredFeatures {
    requiredFeatures(own(settings))
  }

  package static func texture(by settings: any Settings) -> Bool { pastesTexture(own(settings)) }

  package static func check(
    any settings: any Settings, in context: MethodContext, _ found: inout SettingCheck
  ) {
    found.within(name) { own(settings).check(&$0) }
    check(own(settings), in: context, &found)
  }

  package static func check(any settings: any Settings, grids: [Int], _ found: inout SettingCheck) {
    check(own(settings), grids: grids, &found)
  }

  /// A recipe's settings are always those of its method.
  private static func own(_ settings: any Settings) -> MethodSettings {
    settings as? MethodSettings ?? defaults
  }
}

/// Keys that several methods have, each said once.
extension SettingKey {
  /// Width of tokens of which half encodes the row, half the column.
  package static func tokenWidth(
    _ path: WritableKeyPath<Section, Int> & Sendable, _ meaning: String
  ) -> SettingKey {
    .number("hidden", path, 4...8192, meaning).checked { section, check in
      let width = section[keyPath: path]
      guard width % 2 != 0 else { return }
      check.add("hidden", "\(width) is odd; half of it encodes the row, half the column")
    }
  }

  /// Attention heads, which divide the width.
  package static func heads(
    _ path: WritableKeyPath<Section, Int> & Sendable, of width: KeyPath<Section, Int> & Sendable
  ) -> SettingKey {
    .number("heads", path, 1...256, "attention heads; they divide hidden")
      .checked { section, check in
        let (heads, width) = (section[keyPath: path], section[keyPath: width])
        guard heads > 0, width % heads != 0 else { return }
        check.add("heads", "\(heads) heads do not divide hidden (\(width))")
      }
  }

  package static func feedforward(_ path: WritableKeyPath<Section, Int> & Sendable) -> SettingKey {
    .number("feedforward", path, 1...65536, "inner width of the feed-forward layers")
  }

  package static func dropout(_ path: WritableKeyPath<Section, Double> & Sendable) -> SettingKey {
    .number(
      "dropout", path, 0...0.9, "share of the attentions and activations left out in training")
  }

  /// How a token's difference becomes its anomaly. Written where it says something: recipes from before
  /// this key stay the same text.
  package static func residual(
    _ path: WritableKeyPath<Section, Residual> & Sendable, _ meaning: String
  ) -> SettingKey {
    .value("residual", path, meaning, decides: .inspection)
      .written { $0[keyPath: path] != .norm }
  }

  /// What training brings down. Written where it says something, as the next.
  package static func loss(
    _ path: WritableKeyPath<Section, ReconstructionLoss> & Sendable
  ) -> SettingKey {
    .value(
      "loss", path,
      "what training brings down: mse, as published, or cosine, Dinomaly's 1 − cos of whole maps, which "
        + "leaves easy positions aside"
    ).written { $0[keyPath: path] != .mse }
  }

  /// Dinomaly's noise for other methods.
  package static func bottleneckDropout(
    _ path: WritableKeyPath<Section, Double> & Sendable
  ) -> SettingKey {
    .number(
      "bottleneckDropout", path, 0...0.9,
      "share of the features, and of what the first layer makes of them, left out in training, as in "
        + "Dinomaly's bottleneck: noise that can take the place of jitter"
    ).written { $0[keyPath: path] != 0 }
  }

  /// Deviation of the Gaussian that smooths a map.
  package static func smoothing(_ path: WritableKeyPath<Section, Double> & Sendable) -> SettingKey {
    .number(
      "smoothing", path, 0...64,
      "deviation of the Gaussian that smooths the map, in pixels; 0: none", decides: .inspection)
  }
}
