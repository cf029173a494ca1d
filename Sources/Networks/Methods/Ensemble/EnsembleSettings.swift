/// Several methods that look at the same picture, through one backbone or several. What a key means stands
/// once, in ``keys``.
public struct EnsembleSettings: Settings {
  /// How a picture's score comes about.
  public enum Score: String, SettingChoice {
    /// Of the added map, as any method's is of its map.
    case map
    /// The members' own scores, each in units of its spread over normal pictures, added by weight.
    case members
  }

  public var members: [EnsembleMember] = []
  public var score = Score.map

  public init() {}

  public static let keys: [SettingKey<EnsembleSettings>] = [
    SettingKey(
      name: "members", meaning: "the methods whose maps are added, each with its own settings",
      read: { section, node, reader in
        reader.read(node, into: &section.members, numbered: true)
      },
      write: { section in
        guard !section.members.isEmpty else { return ["members: []"] }
        return ["members:"]
          + section.members.flatMap { member in
            member.yamlLines.enumerated().map { ($0 == 0 ? "  - " : "    ") + $1 }
          }
      },
      decode: { section, container in
        let name = SettingName("members")
        if let members = try container.decodeIfPresent([EnsembleMember].self, forKey: name) {
          section.members = members
        }
      },
      encode: { try $1.encode($0.members, forKey: SettingName("members")) },
      // Only the weights are looked at when all is learned: the scale of a member's map is measured on the
      // map as the member's settings make it.
      forget: { section, _ in
        for index in section.members.indices {
          section.members[index].weight = EnsembleMember().weight
        }
      }),
    .value(
      "score", \.score,
      "how a picture's score comes about: of the added map, or as the sum of the members' own scores, each "
        + "in units of its spread over normal pictures",
      decides: .inspection),
  ]
}

/// One method of an ensemble.
public struct EnsembleMember: Settings {
  /// As recipes name it.
  public var method = ""
  /// The backbone that it sees through: 0 is the recipe's, 1 the first of those beside it.
  public var backbone = 0
  public var weight = 1.0
  public var training = MemberTraining()
  /// By method: the order of keys in a file decides nothing.
  private var sections: [String: any Settings] = [:]

  public init() {}

  public init(
    _ method: String, settings: (any Settings)? = nil, backbone: Int = 0, weight: Double = 1,
    training: MemberTraining = MemberTraining()
  ) {
    (self.method, self.backbone, self.weight) = (method, backbone, weight)
    self.training = training
    sections[method] = settings
  }

  /// The methods that can be members: all but the ensemble itself.
  static var methods: Methods {
    Methods(Methods.all.definitions.filter { $0.name != EnsembleMethod.name })
  }

  /// Nil for a method that cannot be a member.
  public var definition: MethodDefinition? { Self.methods.named(method) }

  /// The method's own.
  public var settings: any Settings {
    sections[method] ?? definition?.initial ?? NoMemberSettings()
  }

  public static func == (left: EnsembleMember, right: EnsembleMember) -> Bool {
    left.method == right.method && left.backbone == right.backbone && left.weight == right.weight
      && left.training == right.training && left.settings.isSame(as: right.settings)
  }

  public static let keys: [SettingKey<EnsembleMember>] =
    [
      .value("method", \.method, "the member's method"),
      .number(
        "backbone", \.backbone, 0...63,
        "the backbone that it sees through: 0 is the recipe's own, 1 the first of backbone.beside"),
      .number(
        "weight", \.weight, 0...1000,
        "what its map is multiplied by before all are added, each in units of its deviation over normal "
          + "pictures",
        decides: .inspection),
    ] + methods.definitions.map(section)
    + [
      .section(
        "training", \.training, "what of the recipe's training is otherwise for this member"
      ).written { $0.training != MemberTraining() }
    ]

  private static func section(of definition: MethodDefinition) -> SettingKey<EnsembleMember> {
    let name = definition.name
    return SettingKey(
      name: name, meaning: "the network of \(definition.title)",
      read: { member, node, reader in
        let settings: any Settings = member.sections[name] ?? definition.initial
        let read = reader.reading(node, over: settings)
        member.sections[name] = read
      },
      write: { member in
        member.method == name
          ? ["\(name):"] + member.settings.yamlLines.map { "  " + $0 } : []
      },
      decode: { member, container in
        guard member.method == name else { return }
        member.sections[name] = try definition.unsaid.decoded(from: container, name)
      },
      encode: { member, container in
        guard member.method == name else { return }
        try container.encode(member.settings, forKey: SettingName(name))
      },
      forget: { _, _ in },
      homes: { definition.unsaid.homes(of: $0, in: name) })
  }
}

/// The settings of a method that cannot be a member.
private struct NoMemberSettings: Settings {
  static let keys: [SettingKey<NoMemberSettings>] = []
}

/// What of a recipe's training is otherwise for one member; what is not said is the recipe's.
public struct MemberTraining: Settings {
  public var epochs: Int?
  public var minutes: Double?
  public var batch: Int?
  public var learningRate: Double?
  public var schedule: String?
  public var cosineFloor: Double?
  public var optimizer: String?
  public var weightDecay: Double?
  public var clip: Double?
  public var warmup: Int?
  public var seed: Int?

  public init() {}

  public static let keys: [SettingKey<MemberTraining>] = [
    .override("epochs", \.epochs, 1...1_000_000, "how often each picture is trained on"),
    .override("minutes", \.minutes, 0...1_000_000, "minutes of this member's training"),
    .override("batch", \.batch, 1...65536, "pictures per optimizer step"),
    .override("learningRate", \.learningRate, 1e-12...10, "the optimizer's rate"),
    .override("schedule", \.schedule, "what the rate does after its warm-up"),
    .override(
      "cosineFloor", \.cosineFloor, 0...1, "the share of the rate to which the cosine falls"),
    .override("optimizer", \.optimizer, "as training.optimizer"),
    .override("weightDecay", \.weightDecay, 0...10, "how strongly weights are drawn to zero"),
    .override("clip", \.clip, 0...1e6, "the gradient's norm is cut to this; 0: not cut"),
    .override("warmup", \.warmup, 0...10_000_000, "steps over which the rate rises from 0"),
    .override("seed", \.seed, 0...Int.max, "of the weights, the noise and the order of pictures"),
  ]
}

extension SettingKey {
  /// A key that is written only where it is said.
  fileprivate static func override<Value: SettingValue>(
    _ name: String, _ path: WritableKeyPath<Section, Value?> & Sendable, _ meaning: String
  ) -> SettingKey {
    .value(name, path, meaning + "; null: as the recipe's").written { $0[keyPath: path] != nil }
  }

  /// The same for a number within a range.
  fileprivate static func override<Value: SettingValue & Comparable & Sendable>(
    _ name: String, _ path: WritableKeyPath<Section, Value?> & Sendable,
    _ range: ClosedRange<Value>, _ meaning: String
  ) -> SettingKey {
    override(name, path, meaning).checked { section, check in
      guard let value = section[keyPath: path] else { return }
      check.range(name, value, range)
    }
  }
}
