/// A group of settings: a section of a recipe, and what a network or a training is configured by.
///
/// The list of keys is the only place that names them and says what they may be, mean and decide. Reading
/// them (with lines and "did you mean"), checking and writing them, and the manifest's JSON follow it. A
/// key that is missing, in YAML or in JSON, has its default.
public protocol Settings: Codable, Sendable, Equatable {
  init()
  static var keys: [SettingKey<Self>] { get }
}

/// What a setting decides.
public enum SettingEffect: Sendable {
  /// What a network learns: with another value it is another network.
  case learning
  /// Only how a trained network's result is looked at, or how its training is watched.
  case inspection
}

/// One key of a group of settings.
public struct SettingKey<Section>: Sendable {
  public let name: String
  /// A short sentence for people.
  public let meaning: String
  public let effect: SettingEffect
  /// Reads the node into the section; problems go to the reader.
  package let read: @Sendable (inout Section, SettingNode, inout SettingsReader) -> Void
  /// The lines that say its value in YAML.
  package private(set) var write: @Sendable (Section) -> [String]
  package let decode: @Sendable (inout Section, KeyedDecodingContainer<SettingName>) throws -> Void
  package let encode: @Sendable (Section, inout KeyedEncodingContainer<SettingName>) throws -> Void
  /// Says what cannot be of its value.
  package private(set) var check: @Sendable (Section, inout SettingCheck) -> Void = { _, _ in }
  /// Gives what has no effect on learning the value that it has in the other section.
  package let forget: @Sendable (inout Section, Section) -> Void
  /// The sections within that have a key of this name.
  package let homes: @Sendable (String) -> [String]
  /// All keys within, with their sections.
  let inside: [String]

  package init(
    name: String, meaning: String, effect: SettingEffect = .learning,
    read: @escaping @Sendable (inout Section, SettingNode, inout SettingsReader) -> Void,
    write: @escaping @Sendable (Section) -> [String],
    decode: @escaping @Sendable (inout Section, KeyedDecodingContainer<SettingName>) throws -> Void,
    encode: @escaping @Sendable (Section, inout KeyedEncodingContainer<SettingName>) throws -> Void,
    forget: @escaping @Sendable (inout Section, Section) -> Void,
    homes: @escaping @Sendable (String) -> [String] = { _ in [] }, inside: [String] = []
  ) {
    (self.name, self.meaning, self.effect) = (name, meaning, effect)
    (self.read, self.write, self.decode, self.encode) = (read, write, decode, encode)
    (self.forget, self.homes, self.inside) = (forget, homes, inside)
  }

  /// The same key, left out of the YAML that is written where `applies` says no.
  package func written(where applies: @escaping @Sendable (Section) -> Bool) -> SettingKey {
    var key = self
    key.write = { [write] in applies($0) ? write($0) : [] }
    return key
  }

  /// The same key, with something more that is checked of it.
  package func checked(
    _ more: @escaping @Sendable (Section, inout SettingCheck) -> Void
  ) -> SettingKey {
    var key = self
    key.check = { [check] section, found in
      check(section, &found)
      more(section, &found)
    }
    return key
  }
}

extension SettingKey {
  /// A key that holds one value.
  package static func value<Value: SettingValue>(
    _ name: String, _ path: WritableKeyPath<Section, Value> & Sendable, _ meaning: String,
    decides effect: SettingEffect = .learning
  ) -> SettingKey {
    SettingKey(
      name: name, meaning: meaning, effect: effect,
      read: { section, node, reader in
        do {
          section[keyPath: path] = try Value(yaml: node)
        } catch {
          reader.report((error as? SettingValueProblem)?.reason ?? "\(error)", at: node)
        }
      },
      write: { ["\(name): \($0[keyPath: path].yaml)"] },
      decode: { section, container in
        if let value = try container.decodeIfPresent(Value.self, forKey: SettingName(name)) {
          section[keyPath: path] = value
        }
      },
      encode: { try $1.encode($0[keyPath: path], forKey: SettingName(name)) },
      forget: { section, other in
        if effect == .inspection { section[keyPath: path] = other[keyPath: path] }
      })
  }

  /// A number within a range.
  package static func number<Value: SettingValue & Comparable & Sendable>(
    _ name: String, _ path: WritableKeyPath<Section, Value> & Sendable,
    _ range: ClosedRange<Value>, _ meaning: String, decides effect: SettingEffect = .learning
  ) -> SettingKey {
    value(name, path, meaning, decides: effect)
      .checked { $1.range(name, $0[keyPath: path], range) }
  }

  /// A number above 0, up to `limit`.
  package static func fraction(
    _ name: String, _ path: WritableKeyPath<Section, Double> & Sendable, upTo limit: Double,
    _ meaning: String, decides effect: SettingEffect = .learning
  ) -> SettingKey {
    value(name, path, meaning, decides: effect)
      .checked { $1.fraction(name, $0[keyPath: path], upTo: limit) }
  }

  /// A section within.
  package static func section<Inner: Settings>(
    _ name: String, _ path: WritableKeyPath<Section, Inner> & Sendable, _ meaning: String,
    decides effect: SettingEffect = .learning
  ) -> SettingKey {
    SettingKey(
      name: name, meaning: meaning, effect: effect,
      read: { section, node, reader in reader.read(node, into: &section[keyPath: path]) },
      write: { section in
        ["\(name):"] + section[keyPath: path].yamlLines.map { "  " + $0 }
      },
      decode: { section, container in
        if let inner = try container.decodeIfPresent(Inner.self, forKey: SettingName(name)) {
          section[keyPath: path] = inner
        }
      },
      encode: { try $1.encode($0[keyPath: path], forKey: SettingName(name)) },
      forget: { section, other in
        section[keyPath: path] =
          effect == .inspection
          ? other[keyPath: path] : section[keyPath: path].learned(others: other[keyPath: path])
      },
      homes: { Inner.sections(with: $0, in: name) },
      inside: Inner.allKeys.map { "\(name).\($0)" }
    ).checked { section, check in check.within(name) { section[keyPath: path].check(&$0) } }
  }

  /// A list of sections.
  package static func list<Inner: Settings>(
    _ name: String, _ path: WritableKeyPath<Section, [Inner]> & Sendable, _ meaning: String
  ) -> SettingKey {
    SettingKey(
      name: name, meaning: meaning, effect: .learning,
      read: { section, node, reader in reader.read(node, into: &section[keyPath: path]) },
      write: { section in
        ["\(name):"]
          + section[keyPath: path].flatMap { inner in
            inner.yamlLines.enumerated().map { ($0 == 0 ? "  - " : "    ") + $1 }
          }
      },
      decode: { section, container in
        if let list = try container.decodeIfPresent([Inner].self, forKey: SettingName(name)) {
          section[keyPath: path] = list
        }
      },
      encode: { try $1.encode($0[keyPath: path], forKey: SettingName(name)) },
      forget: { _, _ in })
  }
}

extension Settings {
  /// Every key, those of the sections within with their sections, as `perception.width`.
  package static var allKeys: [String] { keys.flatMap { [$0.name] + $0.inside } }

  package var yamlLines: [String] { Self.keys.flatMap { $0.write(self) } }

  /// Says what cannot be, key by key.
  package func check(_ check: inout SettingCheck) {
    for key in Self.keys { key.check(self, &check) }
  }

  /// These settings, but for what decides only how a result is looked at, which is as in `others`.
  package func learned(others: Self) -> Self {
    var part = self
    for key in Self.keys { key.forget(&part, others) }
    return part
  }

  /// Whether both are of the same kind and hold the same.
  package func isSame(as other: any Settings) -> Bool { (other as? Self) == self }

  /// `name`, where these are the section of that name and have the key, and those of the sections within
  /// that have it.
  package static func sections(with key: String, in name: String) -> [String] {
    (keys.contains { $0.name == key } ? [name] : [])
      + keys.flatMap { $0.homes(key) }.map { "\(name).\($0)" }
  }

  /// These settings from a section of that name; nil where there is none.
  package func decoded(
    from container: KeyedDecodingContainer<SettingName>, _ name: String
  ) throws -> (any Settings)? {
    try container.decodeIfPresent(Self.self, forKey: SettingName(name))
  }

  /// ``sections(with:in:)`` of settings whose kind only their value says.
  package func homes(of key: String, in name: String) -> [String] {
    Self.sections(with: key, in: name)
  }

  public init(from decoder: any Decoder) throws {
    self.init()
    let container = try decoder.container(keyedBy: SettingName.self)
    for key in Self.keys { try key.decode(&self, container) }
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: SettingName.self)
    for key in Self.keys { try key.encode(self, &container) }
  }
}

/// A key's name in JSON.
package struct SettingName: CodingKey {
  package let stringValue: String
  package var intValue: Int? { nil }

  package init(_ name: String) { stringValue = name }
  package init?(stringValue: String) { self.stringValue = stringValue }
  package init?(intValue: Int) { nil }
}
