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
  ///
  /// - Parameter numbered: whether the elements' keys carry their number, from 0, so that what is found
  ///   later has the line of its own element.
  package mutating func read<Section: Settings>(
    _ node: SettingNode, into list: inout [Section], numbered: Bool = false
  ) {
    guard case .list(let elements) = node.content else {
      return report("expected a list, found \(node.shown)", at: node)
    }
    list = elements.enumerated().map { number, element in
      var section = Section()
      if numbered {
        place.append("\(number)")
        lines[place.joined(separator: ".")] = line(of: element)
      }
      read(element, into: &section)
      if numbered { place.removeLast() }
      return section
    }
  }

  /// Reads a section whose kind only its name says, over `settings`.
  package mutating func reading(
    _ node: SettingNode, over settings: some Settings
  ) -> any Settings {
    var settings = settings
    read(node, into: &settings)
    return settings
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
      reason += " (did you mean '\(meant)'?)"
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

/// One thing that is wrong with settings.
public struct SettingIssue: Sendable, Equatable {
  /// The key with its sections, as `training.epochs`.
  public var key: String
  public var reason: String
  /// Where it stands in the file; nil when the value came from elsewhere (a default, an option of
  /// the command line).
  public var line: Int?
  /// The reason names the key itself.
  package var saysKey = false

  package init(key: String, reason: String, line: Int? = nil, saysKey: Bool = false) {
    self.key = key
    self.reason = reason
    self.line = line
    self.saysKey = saysKey
  }
}

/// Collects what is wrong with settings' values.
public struct SettingCheck {
  public private(set) var issues: [SettingIssue] = []
  /// The sections that are being looked at, with their dots.
  private var place = ""

  public init() {}

  /// - Parameter key: in the section that is being looked at.
  public mutating func add(_ key: String, _ reason: String) {
    issues.append(SettingIssue(key: place + key, reason: reason))
  }

  /// What `body` finds is of the section `name`.
  package mutating func within(_ name: String, _ body: (inout SettingCheck) -> Void) {
    let outside = place
    place += name + "."
    body(&self)
    place = outside
  }

  package mutating func range<Value: SettingValue & Comparable>(
    _ key: String, _ value: Value, _ range: ClosedRange<Value>
  ) {
    guard !range.contains(value) else { return }
    add(key, "\(value.yaml) is out of range; \(range.lowerBound.yaml) to \(range.upperBound.yaml)")
  }

  /// Above 0, up to `limit`.
  package mutating func fraction(_ key: String, _ value: Double, upTo limit: Double) {
    guard !(value > 0 && value <= limit) else { return }
    add(key, "\(value.yaml) is out of range; above 0, up to \(limit.yaml)")
  }

  /// A neighbour mask must leave some query something to see.
  ///
  /// - Parameter none: what is said where no window leaves any.
  package mutating func window(
    _ key: String, _ window: Int, grid: Int, none: String = "only 0, no mask, fits"
  ) {
    guard window > 0, window / 2 > grid - 2 else { return }
    let largest = MaskPattern.largestWindow(height: grid, width: grid)
    add(
      key,
      "a window of \(window) hides every token of a \(grid)×\(grid) grid from every query; "
        + (largest > 0 ? "the largest that fits is \(largest)" : none))
  }
}

/// Guesses at what somebody meant to type.
package enum Spelling {
  /// The word that is most like `word`, when one is like it at all: a third of its letters wrong or
  /// in the wrong order at most.
  package static func nearest(to word: String, among known: [String]) -> String? {
    let lowered = word.lowercased()
    return known.map { (word: $0, distance: distance(lowered, $0.lowercased())) }
      .filter { $0.distance <= max(1, $0.word.count / 3) }
      .min { $0.distance < $1.distance }?.word
  }

  /// ` (did you mean 'x'?)`, or nothing.
  package static func hint(for word: String, among known: [String]) -> String {
    nearest(to: word, among: known).map { " (did you mean '\($0)'?)" } ?? ""
  }

  /// Insertions, deletions, replacements and swaps of neighbours that turn one word into the other.
  static func distance(_ first: String, _ second: String) -> Int {
    let (first, second) = (Array(first), Array(second))
    var beforeLast: [Int] = []
    var last = Array(0...second.count)
    for row in 0..<first.count {
      var current = [row + 1]
      for column in 0..<second.count {
        let replaced = last[column] + (first[row] == second[column] ? 0 : 1)
        var best = min(replaced, last[column + 1] + 1, current[column] + 1)
        if row > 0, column > 0, first[row] == second[column - 1], first[row - 1] == second[column] {
          best = min(best, beforeLast[column - 1] + 1)
        }
        current.append(best)
      }
      (beforeLast, last) = (last, current)
    }
    return last[second.count]
  }
}
