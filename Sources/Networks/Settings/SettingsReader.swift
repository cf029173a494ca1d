/// Walks what a file says of settings and remembers on which line each key stands, so that every problem,
/// also one that only shows when two keys are compared, is reported with its line.
package struct SettingsReader {
  package private(set) var issues: [SettingIssue] = []
  package private(set) var lines: [String: Int] = [:]
  private var place: [String] = []
  private var otherLine: Int?
  /// The first section that has a key of this name, for keys that stand where they do not belong.
  private let home: (String) -> String?

  package init(home: @escaping (String) -> String?) { self.home = home }

  package mutating func read<Section: Settings>(_ node: SettingNode, into section: inout Section) {
    read(node, into: &section, keys: Section.keys)
  }

  /// - Parameter keys: those that the section has.
  package mutating func read<Section>(
    _ node: SettingNode, into section: inout Section, keys: [SettingKey<Section>]
  ) {
    // A section whose keys are all commented out keeps its defaults.
    if node.isEmptyValue { return }
    guard case .mapping(let pairs) = node.content else {
      let names = keys.map(\.name).joined(separator: ", ")
      return report("expected keys (\(names)), found \(node.shown)", at: node)
    }
    for (keyNode, value) in pairs {
      let name = keyNode.string ?? keyNode.shown
      place.append(name)
      lines[place.joined(separator: ".")] = line(of: keyNode)
      if let key = keys.first(where: { $0.name == name }) {
        key.read(&section, value, &self)
      } else {
        reportUnknown(name, among: keys.map(\.name), at: keyNode)
      }
      place.removeLast()
    }
  }

  /// Reads what stands on one line of another file.
  package mutating func read<Section>(
    _ node: SettingNode, into section: inout Section, keys: [SettingKey<Section>], line: Int?
  ) {
    otherLine = line
    read(node, into: &section, keys: keys)
    otherLine = nil
  }

  /// Reads each element of a list into a section of its own.
  mutating func read<Section: Settings>(_ node: SettingNode, into list: inout [Section]) {
    guard case .list(let elements) = node.content else {
      return report("expected a list, found \(node.shown)", at: node)
    }
    list = elements.map { element in
      var section = Section()
      read(element, into: &section)
      return section
    }
  }

  package mutating func report(_ reason: String, at node: SettingNode) {
    issues.append(
      SettingIssue(key: place.joined(separator: "."), reason: reason, line: line(of: node)))
  }

  /// All that is wrong: with what was read, and `found` with the values themselves; of keys that could
  /// not be read nothing is said again.
  package func issues(with found: [SettingIssue]) -> [SettingIssue] {
    let broken = Set(issues.map(\.key))
    return issues
      + found.filter { !broken.contains($0.key) }.map {
        var issue = $0
        issue.line = lines[issue.key]
        return issue
      }
  }

  private func line(of node: SettingNode) -> Int? { otherLine ?? node.line }

  private mutating func reportUnknown(
    _ name: String, among known: [String], at node: SettingNode
  ) {
    let section = place.count > 1 ? " in \(place.dropLast().joined(separator: "."))" : ""
    var reason = "unknown key '\(name)'\(section)"
    if let meant = Spelling.nearest(to: name, among: known) {
      reason += "; did you mean '\(meant)'?"
    } else if let home = home(name) {
      reason += "; it belongs in \(home)"
    } else {
      reason += "; known are \(known.joined(separator: ", "))"
    }
    issues.append(
      SettingIssue(
        key: place.joined(separator: "."), reason: reason, line: line(of: node), saysKey: true))
  }
}
