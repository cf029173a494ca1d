/// Several methods in one graph: each looks at the maps of its backbone, the pixel maps are brought to one
/// scale and added. Members on the same backbone share its pass.
///
///     map = Σ w_i · map_i / σ_i
///
/// σ_i is the deviation over all pixels of the member's maps of normal pictures. Their mean is not taken
/// off: a constant changes no order of pixels or pictures, while whoever reads the result may count on
/// amounts: scores are compared by their logarithms (``NormaCore`` does), and cross-fitting by ratios.
public struct EnsembleMethod: DefinedMethod {
  public static let name = "ensemble"
  public static let title = "Ensemble"
  /// A bank, which ranks pictures, and a network that rebuilds, whose map is sharp.
  public static var defaults: EnsembleSettings {
    var settings = EnsembleSettings()
    settings.members = [EnsembleMember(PatchCoreMethod.name), EnsembleMember(RASMethod.name)]
    return settings
  }
  /// Members that measure distances weigh every channel alike only where all have the same deviation.
  public static let trunkDefaults = TrunkDefaults(standardizes: true)

  /// A method of the ensemble.
  public struct Member: Sendable {
    /// What the recipe says of it.
    public let settings: EnsembleMember
    /// As people write it, `PatchCore`.
    public let title: String
    /// The backbone whose maps it takes, counted from 0.
    public let part: Int
    /// Those maps among the trunk's.
    public let maps: Range<Int>
    public let method: any AnomalyMethod
    /// Whether its training pastes texture.
    public let pastesTexture: Bool
  }

  /// What one unit of a member's map and of its score is.
  public struct Scale: Equatable, Sendable {
    /// Deviation over the pixels of maps of normal pictures.
    public var map: Float
    /// Deviation of the scores of normal pictures.
    public var score: Float

    public init(map: Float, score: Float) { (self.map, self.score) = (map, score) }
  }

  public let members: [Member]
  /// What the score is taken from.
  public let score: EnsembleSettings.Score
  /// How the added map becomes the picture's score.
  public let mapScore: PictureScore
  /// Of the pictures, in pixels.
  public let size: Grid
  /// The members' scales, where they are known before the training: a part of the pictures is trained on
  /// again, and what it gives is to be compared with a network that has them.
  public var knownScales: [Scale]?

  public init(
    _ members: [Member], score: EnsembleSettings.Score = .map, mapScore: PictureScore, size: Grid
  ) {
    (self.members, self.score, self.mapScore, self.size) = (members, score, mapScore, size)
  }

  /// - Throws: when a member cannot be made for the maps of its backbone.
  public init(_ settings: EnsembleSettings, trunk: Trunk, context: MethodContext) throws {
    let parts = trunk.parts
    let ends = parts.indices.map { parts[...$0].reduce(0) { $0 + $1.outputs.count } }
    let members = try settings.members.enumerated().map { index, member in
      guard let definition = member.definition, parts.indices.contains(member.backbone) else {
        throw NetworkError("ensemble.members.\(index) has no method, or no backbone")
      }
      let part = parts[member.backbone]
      var found = SettingCheck()
      definition.check(
        any: member.settings, grids: part.maps.map(\.grid.height), &found)
      if let issue = found.issues.first {
        throw NetworkError("\(Self.key(issue.key, of: member, index)): \(issue.reason)")
      }
      return Member(
        settings: member, title: definition.title, part: member.backbone,
        maps: ends[member.backbone] - part.outputs.count..<ends[member.backbone],
        method: try definition.made(
          by: member.settings, trunk: part, context: context.alone(member.backbone)),
        pastesTexture: definition.texture(by: member.settings))
    }
    self.init(
      members, score: settings.score, mapScore: context.score,
      size: Grid(height: context.imageSize, width: context.imageSize))
  }

  /// The common one of the members, which are those of one backbone.
  public static func requiredFeatures(_ settings: EnsembleSettings) -> RequiredFeatures {
    settings.members.first?.requiredFeatures ?? .aligned
  }

  public static func pastesTexture(_ settings: EnsembleSettings) -> Bool {
    settings.members.contains { $0.definition?.texture(by: $0.settings) ?? false }
  }

  /// Parameters: each member's own under `members.0`, `members.1`, …, and its ``Scale`` under `scales.0`, ….
  public func detect<V: Value>(
    _ features: [V], size: Grid, parameters: Parameters<V>
  ) throws -> Detection<V> {
    var found: Detection<V>?
    for index in members.indices {
      let next = try detection(of: index, features, size: size, parameters: parameters)
      found =
        try found.map {
          try Detection(map: $0.map + next.map, score: $0.score + next.score)
        } ?? next
    }
    guard var found else { throw NetworkError("an ensemble needs a member at least") }
    if score == .map { found.score = try mapScore(found.map) }
    return found
  }

  /// Map and score of one member, in its units and by its weight.
  public func detection<V: Value>(
    of index: Int, _ features: [V], size: Grid, parameters: Parameters<V>
  ) throws -> Detection<V> {
    let member = members[index]
    guard features.indices.contains(member.maps.upperBound - 1) else {
      throw NetworkError(
        "\(member.title) takes the maps \(member.maps), and there are \(features.count)")
    }
    let found = try member.method.detect(
      Array(features[member.maps]), size: size,
      parameters: parameters.scope(Self.scope(ofMember: index)))
    let scale = parameters.scope(Self.scope(ofScale: index))
    let weight = Float(member.settings.weight)
    return Detection(
      map: try (found.map / scale("map", [1], .ones)).affine(scale: weight, offset: 0),
      score: try (found.score / scale("score", [1], .ones)).affine(scale: weight, offset: 0))
  }

  /// Where the parameters of member `index` are.
  public static func scope(ofMember index: Int) -> String { "members.\(index)" }
  /// Where its scale is: `map` and `score`, `[1]` each.
  public static func scope(ofScale index: Int) -> String { "scales.\(index)" }
}

extension EnsembleMethod {
  public static func check(
    _ settings: EnsembleSettings, in context: MethodContext, _ check: inout SettingCheck
  ) {
    let members = settings.members
    guard !members.isEmpty else {
      return check.add(
        "ensemble.members",
        "an ensemble needs members, as [{method: patchcore}, {method: ras}]")
    }
    var said: Set<String> = []
    for (index, member) in members.enumerated() {
      let place = "ensemble.members.\(index)"
      check.within(place) { member.check(&$0) }
      guard let definition = member.definition else {
        let known = EnsembleMember.methods.names
        check.add(
          place + ".method",
          (member.method.isEmpty ? "a member names its method" : "'\(member.method)' is none")
            + "; \(known.joined(separator: ", ")) can be members"
            + Spelling.hint(for: member.method, among: known))
        continue
      }
      guard (0...context.beside.count).contains(member.backbone) else {
        check.add(
          place + ".backbone",
          "there is no backbone \(member.backbone): 0 is the recipe's own, and backbone.beside names "
            + (context.beside.isEmpty ? "none" : "\(context.beside.count), from 1 on"))
        continue
      }
      var found = SettingCheck()
      definition.check(any: member.settings, in: context.alone(member.backbone), &found)
      for issue in found.issues {
        let key = key(issue.key, of: member, index)
        if said.insert(key).inserted { check.add(key, issue.reason) }
      }
      let others = members[..<index].firstIndex { $0.backbone == member.backbone }
      if let other = others, members[other].requiredFeatures != member.requiredFeatures {
        check.add(
          place + ".backbone",
          "\(definition.title) takes the levels of the backbone otherwise than member \(other), "
            + "\(members[other].definition?.title ?? members[other].method); name the backbone once "
            + "more in backbone.beside, for one of them")
      }
    }
    for backbone in 0...context.beside.count
    where !members.contains(where: { $0.backbone == backbone }) {
      check.add("ensemble.members", "no member sees through backbone \(backbone)")
    }
  }

  /// A key of a member's method with its place in the recipe; keys of other sections stay what they are.
  private static func key(_ key: String, of member: EnsembleMember, _ index: Int) -> String {
    key.hasPrefix(member.method + ".") ? "ensemble.members.\(index).\(key)" : key
  }
}

extension EnsembleMember {
  /// What its method needs of the backbone.
  var requiredFeatures: RequiredFeatures { definition?.features(by: settings) ?? .aligned }
}

extension MethodContext {
  /// The context of a method that sees through backbone `index` alone.
  fileprivate func alone(_ index: Int) -> MethodContext {
    var context = self
    context.taps = index == 0 ? taps : beside[index - 1]
    context.beside = []
    return context
  }
}
