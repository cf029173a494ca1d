import NormaFiles

/// One picture of a data set.
public struct Sample: Sendable, Hashable, Codable {
  /// Absolute path of the picture.
  public var path: String
  public var category: String
  public var split: Split
  public var label: Label
  /// Absolute path of the picture that marks the defect's pixels (> 0), when there is one.
  public var mask: String?
  /// Further such pictures, which mark other pixels of the same picture (MVTec LOCO AD); nil for none.
  public var moreMasks: [String]?

  public init(
    path: String, category: String, split: Split, label: Label, mask: String? = nil,
    moreMasks: [String]? = nil
  ) {
    self.path = path
    self.category = category
    self.split = split
    self.label = label
    self.mask = mask
    self.moreMasks = moreMasks
  }

  /// All pictures that mark its defect.
  public var masks: [String] { [mask].compactMap { $0 } + (moreMasks ?? []) }
}

/// What a picture is for. Further splits that a data set has (a validation set) are left out and
/// noted.
public enum Split: String, Sendable, Hashable, Codable, CaseIterable {
  case train, test
}

/// Whether a picture shows a normal thing, and if not, what kind of defect it has. As text:
/// `normal` or the kind.
public enum Label: Sendable, Hashable, Codable {
  case normal
  case anomalous(String)

  public var isAnomalous: Bool { self != .normal }

  /// The kind of defect; nil for a normal picture.
  public var defect: String? {
    if case .anomalous(let kind) = self { kind } else { nil }
  }

  /// `normal`, `good` and `0` (in any case of letters) say normal, anything else names a defect.
  public init(_ text: String) {
    self = ["normal", "good", "0"].contains(text.lowercased()) ? .normal : .anomalous(text)
  }

  public init(from decoder: any Decoder) throws {
    self.init(try decoder.singleValueContainer().decode(String.self))
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(defect ?? "normal")
  }
}

/// A file of a data set that cannot be used, and why.
public struct UnusableFile: Sendable, Hashable, Codable {
  public var path: String
  public var reason: String
  /// The category that it would belong to, where that is known.
  public var category: String?
  /// The split that it would belong to, where that is known. A mask belongs to its picture's.
  public var split: Split?

  /// Whether its name begins with a dot: nobody put it there to be used.
  public var isHidden: Bool { FilePath.name(path).hasPrefix(".") }

  public init(path: String, reason: String, category: String? = nil, split: Split? = nil) {
    self.path = path
    self.reason = reason
    self.category = category
    self.split = split
  }
}
