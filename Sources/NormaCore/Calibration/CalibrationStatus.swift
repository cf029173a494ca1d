/// Where a model's thresholds come from.
public enum CalibrationStatus: Sendable, Equatable, Codable, CustomStringConvertible {
  /// Set by normal pictures that the network was not trained on.
  case calibrated(from: Source)
  /// No thresholds: the model gives scores only.
  case uncalibrated

  /// The normal pictures that set the thresholds.
  public enum Source: String, Sendable, Codable {
    /// Pictures held out of training.
    case holdout
    /// Training pictures, each scored by a network that did not see it.
    case crossFit
    /// A folder of further normal pictures, given after training.
    case folder
  }

  public var description: String {
    switch self {
    case .calibrated(.holdout): "calibrated on held-out pictures"
    case .calibrated(.crossFit): "calibrated by cross-fitting"
    case .calibrated(.folder): "calibrated on a folder of normal pictures"
    case .uncalibrated: "uncalibrated"
    }
  }

  /// One word: the source, or `uncalibrated`.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    let word = try container.decode(String.self)
    if let source = Source(rawValue: word) {
      self = .calibrated(from: source)
    } else if word == "uncalibrated" {
      self = .uncalibrated
    } else {
      throw CalibrationError.unreadable(
        "its status is '\(word)', expected holdout, crossFit, folder or uncalibrated")
    }
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    switch self {
    case .calibrated(let source): try container.encode(source.rawValue)
    case .uncalibrated: try container.encode("uncalibrated")
    }
  }
}
