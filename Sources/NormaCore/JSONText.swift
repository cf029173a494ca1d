import Foundation

/// Values as JSON text: keys sorted, so that equal values give equal text.
public enum JSONText {
  /// `value` in one line.
  public static func line(_ value: some Encodable) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(value), as: UTF8.self)
  }
}
