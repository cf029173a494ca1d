/// What keeps a calibration from being made, read or used.
public enum CalibrationError: Error, CustomStringConvertible, Sendable, Equatable {
  /// There is no normal picture to calibrate with.
  case noPictures
  /// A number that must be finite is not; `what` says which.
  case notFinite(what: String, value: String)
  /// A false-alarm rate outside (0, 1).
  case rate(Double)
  /// The model carries no thresholds.
  case uncalibrated
  /// A category that the calibration does not know.
  case unknownCategory(String, known: [String])
  /// Feature vectors of different lengths.
  case featureLength(category: String, found: Int, expected: Int)
  /// The stored calibration contradicts itself or cannot be read.
  case unreadable(String)

  public var description: String {
    switch self {
    case .noPictures:
      "there is no normal picture to set thresholds with; give a folder with at least one"
    case .notFinite(let what, let value):
      "\(what) is \(value), expected a finite number; the model or the picture is damaged"
    case .rate(let rate):
      "the false-alarm rate is \(rate), expected a number above 0 and below 1, such as 0.01"
    case .uncalibrated:
      "the model is uncalibrated, so it has scores but no thresholds; run `norma calibrate MODEL "
        + "FOLDER` with a folder of normal pictures that it was not trained on"
    case .unknownCategory(let name, let known):
      "unknown category '\(name)'; the model knows "
        + (known.isEmpty ? "none" : known.joined(separator: ", "))
    case .featureLength(let category, let found, let expected):
      "a feature vector of category '\(category)' has \(found) channels, expected \(expected)"
    case .unreadable(let reason):
      "the calibration cannot be read: \(reason)"
    }
  }
}
