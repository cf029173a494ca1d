import Foundation
import Yams

/// Walks a recipe's YAML and remembers on which line each key stands, so that every problem, also
/// one that only shows when two keys are compared, is reported with its line.
struct RecipeReader {
  private(set) var issues: [RecipeIssue] = []
  private var lines: [String: Int] = [:]
  private var place: [String] = []
  private var otherLine: Int?

  /// - Throws: `RecipeProblem`.
  static func read(_ text: String, file: String) throws -> Recipe {
    var reader = RecipeReader()
    guard let root = try compose(text, file: file) else { return Recipe() }
    var recipe = root.mapping?["method"]?.string.map(Recipe.init(method:)) ?? Recipe()
    reader.read(root, into: &recipe)
    try reader.check(recipe, file: file)
    return recipe
  }

  /// - Throws: `RecipeProblem` with everything that is wrong in what was read, and in the values
  ///   themselves.
  func check(_ recipe: Recipe, file: String) throws {
    try check(recipe.issues(), file: file)
  }

  /// - Parameter found: what is wrong with the values; of keys that could not be read nothing is said
  ///   again.
  func check(_ found: [RecipeIssue], file: String) throws {
    var issues = issues
    let broken = Set(issues.map(\.key))
    for var issue in found where !broken.contains(issue.key) {
      issue.line = lines[issue.key]
      issues.append(issue)
    }
    guard issues.isEmpty else { throw RecipeProblem(file: file, issues: issues) }
  }

  mutating func read<Section: RecipeSection>(_ node: Node, into section: inout Section) {
    // A section whose keys are all commented out keeps its defaults.
    if node.isEmptyValue { return }
    guard case .mapping(let mapping) = node else {
      let keys = Section.keys.map(\.name).joined(separator: ", ")
      return report("expected keys (\(keys)), found \(node.shown)", at: node)
    }
    for (keyNode, value) in mapping {
      let name = keyNode.string ?? keyNode.shown
      place.append(name)
      lines[place.joined(separator: ".")] = line(of: keyNode)
      if let key = Section.keys.first(where: { $0.name == name }) {
        key.read(&section, value, &self)
      } else {
        reportUnknown(name, in: Section.self, at: keyNode)
      }
      place.removeLast()
    }
  }

  /// Reads what stands on one line of another file.
  mutating func read<Section: RecipeSection>(
    _ node: Node, into section: inout Section, line: Int?
  ) {
    otherLine = line
    read(node, into: &section)
    otherLine = nil
  }

  /// Reads each element of a list into a section of its own.
  mutating func read<Section: RecipeSection>(_ node: Node, into list: inout [Section]) {
    guard case .sequence(let elements) = node else {
      return report("expected a list, found \(node.shown)", at: node)
    }
    list = elements.map { element in
      var section = Section()
      read(element, into: &section)
      return section
    }
  }

  mutating func report(_ reason: String, at node: Node) {
    issues.append(
      RecipeIssue(key: place.joined(separator: "."), reason: reason, line: line(of: node)))
  }

  private func line(of node: Node) -> Int? { otherLine ?? node.mark?.line }

  private mutating func reportUnknown<Section: RecipeSection>(
    _ name: String, in section: Section.Type, at node: Node
  ) {
    let known = Section.keys.map(\.name)
    let section = place.count > 1 ? " in \(place.dropLast().joined(separator: "."))" : ""
    var reason = "unknown key '\(name)'\(section)"
    if let meant = Spelling.nearest(to: name, among: known) {
      reason += "; did you mean '\(meant)'?"
    } else if let home = Recipe.sections(with: name).first {
      reason += "; it belongs in \(home)"
    } else {
      reason += "; known are \(known.joined(separator: ", "))"
    }
    issues.append(
      RecipeIssue(
        key: place.joined(separator: "."), reason: reason, line: line(of: node), saysKey: true))
  }

  /// The document's root; nil for an empty one.
  static func compose(_ text: String, file: String) throws -> Node? {
    // The parser descends by recursion: what nests deeper than any recipe does is refused first.
    var depth = 0
    for byte in text.utf8 {
      if byte == UInt8(ascii: "[") || byte == UInt8(ascii: "{") { depth += 1 }
      guard depth <= 1000 else {
        throw RecipeProblem(file: file, reason: "too many brackets for a recipe")
      }
    }
    do {
      return try Yams.compose(yaml: text)
    } catch let error as YamlError {
      throw RecipeProblem(file: file, issues: [issue(of: error)])
    }
  }

  private static func issue(of error: YamlError) -> RecipeIssue {
    switch error {
    case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
      .composer(_, let problem, let mark, _):
      RecipeIssue(key: "", reason: "not valid YAML: \(problem)", line: mark.line)
    case .duplicatedKeysInMapping(let names, let context):
      RecipeIssue(
        key: "",
        reason: "\(names.map { "'\($0)'" }.joined(separator: ", ")) appears more than once",
        line: context.mark.line)
    default: RecipeIssue(key: "", reason: "not valid YAML: \(error)")
    }
  }
}
