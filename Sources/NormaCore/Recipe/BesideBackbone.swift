import Networks

/// A further backbone of an ensemble: it sees the same pictures, of the same size.
public struct BesideBackbone: Settings {
  public var name = ""
  public var taps: LevelTaps?
  public var grid = AlignedGrid.coarsest
  public var padding = BackbonePadding.nominal
  public var weights: String?
  /// Nil: as ``FeaturesRecipe/pool`` says.
  public var pool: Bool?
  /// Nil: as ``FeaturesRecipe/standardize`` says.
  public var standardize: Bool?

  public init() {}

  public init(_ name: String, taps: LevelTaps? = nil) { (self.name, self.taps) = (name, taps) }

  public static let keys: [SettingKey<BesideBackbone>] = [
    .value("name", \.name, "the network, as 'norma weights' lists it").checked {
      if let problem = BackboneRecipe.problem(ofName: $0.name) { $1.add("name", problem) }
    },
    .value("taps", \.taps, "as backbone.taps").checked {
      guard let problem = $0.taps?.problem else { return }
      $1.add("taps", problem)
    },
    .value("grid", \.grid, "as backbone.grid").written { $0.grid != .coarsest },
    .value("padding", \.padding, "as backbone.padding"),
    .value("weights", \.weights, "as backbone.weights"),
    .value("pool", \.pool, "as features.pool, of this backbone; null: what that says")
      .written { $0.pool != nil },
    .value(
      "standardize", \.standardize,
      "as features.standardize, of this backbone; null: what that says"
    ).written { $0.standardize != nil },
  ]
}

extension SettingKey<BackboneRecipe> {
  /// The further backbones. Written where there are any, in YAML and in JSON: recipes from before this key
  /// stay the same text.
  static let beside: SettingKey<BackboneRecipe> = SettingKey(
    name: "beside",
    meaning: "further backbones, which the members of an ensemble can see through",
    read: { backbone, node, reader in
      reader.read(node, into: &backbone.beside, numbered: true)
    },
    write: { backbone in
      guard !backbone.beside.isEmpty else { return [] }
      return ["beside:"]
        + backbone.beside.flatMap { other in
          other.yamlLines.enumerated().map { ($0 == 0 ? "  - " : "    ") + $1 }
        }
    },
    decode: { backbone, container in
      let name = SettingName("beside")
      if let others = try container.decodeIfPresent([BesideBackbone].self, forKey: name) {
        backbone.beside = others
      }
    },
    encode: { backbone, container in
      guard !backbone.beside.isEmpty else { return }
      try container.encode(backbone.beside, forKey: SettingName("beside"))
    },
    forget: { _, _ in }
  ).checked { backbone, check in
    for (index, other) in backbone.beside.enumerated() {
      check.within("beside.\(index)") { check in
        other.check(&check)
        if let problem = Backbones.named(other.name)?.problem(ofPictureSide: backbone.imageSize) {
          check.add("name", "\(problem) (backbone.imageSize is of all backbones)")
        }
        // They share their parameters, and as far as they are alike their pass.
        let before =
          [(backbone.name, backbone.weights)]
          + backbone.beside[..<index].map { ($0.name, $0.weights) }
        if before.contains(where: { $0.0 == other.name && $0.1 != other.weights }) {
          check.add("weights", "\(other.name) is named twice, with other weights each time")
        }
      }
    }
  }
}

extension Recipe {
  /// The recipe of each backbone by itself, with the members of the ensemble that see through it; the
  /// recipe itself where there is but one. What is extracted by one of them is what any other recipe on that
  /// backbone extracts.
  public var parts: [Recipe] {
    guard !backbone.beside.isEmpty else { return [self] }
    return (0...backbone.beside.count).map(part)
  }

  private func part(_ index: Int) -> Recipe {
    var part = self
    part.backbone.beside = []
    if index > 0 {
      let other = backbone.beside[index - 1]
      (part.backbone.name, part.backbone.taps, part.backbone.grid) = (
        other.name, other.taps, other.grid
      )
      (part.backbone.padding, part.backbone.weights) = (other.padding, other.weights)
      part.features.pool = other.pool ?? features.pool
      part.features.standardize = other.standardize ?? features.standardize
    }
    part[EnsembleSettings.self].members = self[EnsembleSettings.self].members
      .filter { $0.backbone == index }.map {
        var member = $0
        member.backbone = 0
        return member
      }
    return part
  }

  /// What is wrong with further backbones and with what members say of their training, which only the
  /// recipe as a whole knows.
  func checkEnsemble(_ check: inout SettingCheck) {
    guard let ensemble = settings as? EnsembleSettings else {
      if !backbone.beside.isEmpty {
        check.add(
          "backbone.beside",
          "only the members of an ensemble see through several backbones, and the method is \(method)"
        )
      }
      return
    }
    for (index, member) in ensemble.members.enumerated() {
      let place = "ensemble.members.\(index).training."
      if let text = member.training.optimizer {
        Self.check(text, is: TrainingRecipe.Optimizer.self, place + "optimizer", &check)
      }
      if let text = member.training.schedule {
        Self.check(text, is: TrainingRecipe.Schedule.self, place + "schedule", &check)
      }
    }
  }

  private static func check<Choice: SettingChoice>(
    _ text: String, is choice: Choice.Type, _ key: String, _ check: inout SettingCheck
  ) {
    guard Choice(rawValue: text) == nil else { return }
    let known = Choice.allCases.map(\.rawValue)
    check.add(
      key,
      "expected one of \(known.joined(separator: ", ")), found '\(text)'"
        + Spelling.hint(for: text, among: known))
  }
}
