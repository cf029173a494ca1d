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
