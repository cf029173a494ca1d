/// What keeps a metric from being computed.
public enum MetricError: Error, CustomStringConvertible, Sendable, Equatable {
  /// A score or a pixel of an anomaly map is not a number; `index` counts from 0.
  case notANumber(what: String, index: Int)
  /// Two lists that belong together have different lengths.
  case lengths(what: String, found: Int, expected: Int)
  /// A setting lies outside its range.
  case invalid(what: String, found: String, expected: String)
  /// The temporary file that holds spilled pixels could not be made, written or read.
  case temporaryFile(action: String, folder: String, reason: String)
  /// Pixels were added, or the result asked for, after the result had been taken.
  case finished

  public var description: String {
    switch self {
    case .notANumber(let what, let index):
      "\(what) \(index) is not a number (NaN), so it cannot be ranked; the model that made it is "
        + "damaged or its input was"
    case .lengths(let what, let found, let expected):
      "\(what): found \(found), expected \(expected)"
    case .invalid(let what, let found, let expected):
      "\(what) is \(found), expected \(expected)"
    case .temporaryFile(let action, let folder, let reason):
      "could not \(action) the temporary file for pixel metrics in \(folder): \(reason). Free some "
        + "space there (4 bytes for a normal pixel, 8 for an anomalous one) or let TMPDIR name a "
        + "folder that has it"
    case .finished:
      "the pixel metrics were already computed; start new ones to add more pictures"
    }
  }
}
