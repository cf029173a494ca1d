import Yams

/// A group of a recipe's keys. The list of keys is the only place that names them: reading YAML
/// (with "did you mean"), writing it, and the manifest's JSON all follow it. A key that is missing,
/// in YAML or in JSON, has its default.
public protocol RecipeSection: Codable, Sendable, Equatable {
  init()
  static var keys: [RecipeKey<Self>] { get }
}

/// One key of a section: its name and how it is read and written.
public struct RecipeKey<Section: RecipeSection>: Sendable {
  let name: String
  /// Reads the node into the section; problems go to the reader.
  let read: @Sendable (inout Section, Node, inout RecipeReader) -> Void
  /// The lines that say its value in YAML.
  let write: @Sendable (Section) -> [String]
  let decode: @Sendable (inout Section, KeyedDecodingContainer<RecipeName>) throws -> Void
  let encode: @Sendable (Section, inout KeyedEncodingContainer<RecipeName>) throws -> Void

  /// The same key, left out of the YAML that is written where `applies` says no.
  func written(where applies: @escaping @Sendable (Section) -> Bool) -> RecipeKey {
    RecipeKey(
      name: name, read: read, write: { applies($0) ? write($0) : [] }, decode: decode,
      encode: encode)
  }

  static func value<Value: RecipeValue>(
    _ name: String, _ path: WritableKeyPath<Section, Value> & Sendable
  ) -> RecipeKey {
    RecipeKey(
      name: name,
      read: { section, node, reader in
        do {
          section[keyPath: path] = try Value(yaml: node)
        } catch {
          reader.report((error as? RecipeValueProblem)?.reason ?? "\(error)", at: node)
        }
      },
      write: { ["\(name): \($0[keyPath: path].yaml)"] },
      decode: { section, container in
        if let value = try container.decodeIfPresent(Value.self, forKey: RecipeName(name)) {
          section[keyPath: path] = value
        }
      },
      encode: { try $1.encode($0[keyPath: path], forKey: RecipeName(name)) })
  }

  static func section<Inner: RecipeSection>(
    _ name: String, _ path: WritableKeyPath<Section, Inner> & Sendable
  ) -> RecipeKey {
    RecipeKey(
      name: name,
      read: { section, node, reader in reader.read(node, into: &section[keyPath: path]) },
      write: { section in
        ["\(name):"] + section[keyPath: path].yamlLines.map { "  " + $0 }
      },
      decode: { section, container in
        if let inner = try container.decodeIfPresent(Inner.self, forKey: RecipeName(name)) {
          section[keyPath: path] = inner
        }
      },
      encode: { try $1.encode($0[keyPath: path], forKey: RecipeName(name)) })
  }
}

extension RecipeKey {
  /// A list of sections.
  static func list<Inner: RecipeSection>(
    _ name: String, _ path: WritableKeyPath<Section, [Inner]> & Sendable
  ) -> RecipeKey {
    RecipeKey(
      name: name,
      read: { section, node, reader in reader.read(node, into: &section[keyPath: path]) },
      write: { section in
        ["\(name):"]
          + section[keyPath: path].flatMap { inner in
            inner.yamlLines.enumerated().map { ($0 == 0 ? "  - " : "    ") + $1 }
          }
      },
      decode: { section, container in
        if let list = try container.decodeIfPresent([Inner].self, forKey: RecipeName(name)) {
          section[keyPath: path] = list
        }
      },
      encode: { try $1.encode($0[keyPath: path], forKey: RecipeName(name)) })
  }
}

extension RecipeSection {
  var yamlLines: [String] { Self.keys.flatMap { $0.write(self) } }

  public init(from decoder: any Decoder) throws {
    self.init()
    let container = try decoder.container(keyedBy: RecipeName.self)
    for key in Self.keys { try key.decode(&self, container) }
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: RecipeName.self)
    for key in Self.keys { try key.encode(self, &container) }
  }
}

/// A key's name in JSON.
struct RecipeName: CodingKey {
  let stringValue: String
  var intValue: Int? { nil }

  init(_ name: String) { stringValue = name }
  init?(stringValue: String) { self.stringValue = stringValue }
  init?(intValue: Int) { nil }
}
