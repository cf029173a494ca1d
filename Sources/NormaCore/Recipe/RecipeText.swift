import Foundation
import Networks
import NormaFiles
import Yams

/// What is wrong with a recipe: everything at once, a line for each.
public struct RecipeProblem: Error, CustomStringConvertible, Sendable, Equatable {
  /// The file as it was named; nil when the values did not come from a file.
  public var file: String?
  public var issues: [SettingIssue]

  init(file: String?, issues: [SettingIssue]) {
    self.file = file
    self.issues = issues
  }

  init(file: String?, reason: String) {
    self.init(file: file, issues: [SettingIssue(key: "", reason: reason)])
  }

  public var description: String {
    issues.map { issue in
      let place = file.map { file in issue.line.map { "\(file):\($0): " } ?? "\(file): " } ?? ""
      let key = issue.saysKey || issue.key.isEmpty ? "" : "\(issue.key): "
      return place + key + issue.reason
    }.joined(separator: "\n")
  }
}

/// The YAML of recipes and plans.
enum RecipeText {
  /// - Throws: `FileProblem` when the file cannot be read, `RecipeProblem` when it is not text.
  static func read(_ path: String, limit: Int) throws -> String {
    let data = try PosixFile(reading: path).readAll(limit: limit)
    guard let text = String(validating: data, as: UTF8.self) else {
      throw RecipeProblem(file: path, reason: "not YAML: the file is not UTF-8 text")
    }
    return text
  }

  /// - Throws: `RecipeProblem` with everything that is wrong in what was read, and in the values
  ///   themselves.
  static func check(_ reader: SettingsReader, _ found: [SettingIssue], file: String) throws {
    let issues = reader.issues(with: found)
    guard issues.isEmpty else { throw RecipeProblem(file: file, issues: issues) }
  }

  /// The document's root; nil for an empty one.
  static func node(_ text: String, file: String) throws -> SettingNode? {
    // The parser descends by recursion: what nests deeper than any recipe does is refused first.
    var depth = 0
    for byte in text.utf8 {
      if byte == UInt8(ascii: "[") || byte == UInt8(ascii: "{") { depth += 1 }
      guard depth <= 1000 else {
        throw RecipeProblem(file: file, reason: "too many brackets for a recipe")
      }
    }
    // A byte order mark, as some editors write it, is no part of the text.
    let text = text.hasPrefix("\u{FEFF}") ? String(text.dropFirst()) : text
    do {
      guard let root = try Yams.compose(yaml: text) else { return nil }
      guard let node = SettingNode(root, depth: 100) else {
        throw RecipeProblem(file: file, reason: "it nests too deeply for a recipe")
      }
      return node
    } catch let error as YamlError {
      throw RecipeProblem(file: file, issues: [issue(of: error, in: text)])
    }
  }

  /// What the parser found, or the tab that it stumbled over, which nobody sees.
  private static func issue(of error: YamlError, in text: String) -> SettingIssue {
    var issue = issue(of: error)
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    // The parser may name the line after it.
    let near = issue.line.map { [$0, $0 - 1] } ?? []
    let tabbed = near.first { number in
      lines.indices.contains(number - 1)
        && lines[number - 1].prefix { $0 == " " || $0 == "\t" }.contains("\t")
    }
    if let tabbed {
      issue.line = tabbed
      issue.reason = "a tab indents this line, and YAML takes spaces only: replace it by two spaces"
    }
    return issue
  }

  private static func issue(of error: YamlError) -> SettingIssue {
    switch error {
    case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
      .composer(_, let problem, let mark, _):
      SettingIssue(key: "", reason: "not valid YAML: \(problem)", line: mark.line)
    case .duplicatedKeysInMapping(let names, let context):
      SettingIssue(
        key: "",
        reason: "\(names.map { "'\($0)'" }.joined(separator: ", ")) appears more than once",
        line: context.mark.line)
    default: SettingIssue(key: "", reason: "not valid YAML: \(error)")
    }
  }
}

extension SettingNode {
  /// A parsed node; nil where it nests deeper than `depth`.
  fileprivate init?(_ node: Node, depth: Int) {
    guard depth > 0 else { return nil }
    let content: Content
    switch node {
    case .scalar(let scalar):
      content = .scalar(scalar.string, isPlain: scalar.style == .plain || scalar.style == .any)
    case .sequence(let elements):
      var list: [SettingNode] = []
      for element in elements {
        guard let element = SettingNode(element, depth: depth - 1) else { return nil }
        list.append(element)
      }
      content = .list(list)
    case .mapping(let mapping):
      var pairs: [(key: SettingNode, value: SettingNode)] = []
      for (key, value) in mapping {
        guard let key = SettingNode(key, depth: depth - 1),
          let value = SettingNode(value, depth: depth - 1)
        else { return nil }
        pairs.append((key, value))
      }
      content = .mapping(pairs)
    case .alias: content = .alias
    }
    self.init(content, line: node.mark?.line)
  }
}

/// Finds recipes by a plain name: `three` is `three.yaml` among those that come with Norma.
public enum RecipeCatalog {
  /// - Parameter name: the name of a recipe that comes with Norma, or a path.
  /// - Returns: the recipe's path.
  /// - Throws: `FileProblem` that lists the recipes there are.
  public static func find(_ name: String) throws -> String { try ShippedFiles.recipes.find(name) }

  /// - Parameter folders: where to look, in this order.
  package static func find(_ name: String, in folders: [String]) throws -> String {
    try ShippedFiles.recipes.find(name, in: folders)
  }

  /// The recipes that come with Norma, by name.
  public static var names: [String] { ShippedFiles.recipes.names }
}

extension Recipe {
  /// The recipe called `name`: one that comes with Norma, or a file; the default one for nil.
  /// - Throws: `FileProblem` that lists the recipes there are, or says what is wrong in the file.
  public static func named(_ name: String?) throws -> Recipe {
    try name.map { try read(RecipeCatalog.find($0)) } ?? Recipe()
  }

  /// Reads a recipe; keys that it does not mention have their defaults.
  /// - Throws: `FileProblem` when the file cannot be read, `RecipeProblem` with the file, the line
  ///   and the key of everything that is wrong in it.
  public static func read(_ path: String, methods: Methods = .all) throws -> Recipe {
    try parse(RecipeText.read(path, limit: 1 << 18), file: path, methods: methods)
  }

  /// - Parameters:
  ///   - file: what errors call the text.
  ///   - methods: those that it may name.
  /// - Throws: `RecipeProblem`.
  public static func parse(
    _ text: String, file: String = "recipe", methods: Methods = .all
  ) throws -> Recipe {
    guard let root = try RecipeText.node(text, file: file) else { return Recipe(methods: methods) }
    var recipe = Recipe(methods: methods)
    if let name = root["method"]?.string { recipe = Recipe(method: name, methods: methods) }
    var reader = SettingsReader(home: recipe.home)
    reader.read(root, into: &recipe, keys: recipe.keys)
    try RecipeText.check(reader, recipe.issues(), file: file)
    return recipe
  }
}

/// Also for names that no setting has: of categories, files, rows.
package typealias Spelling = Networks.Spelling
