import Foundation

/// What a command says to the person who called it.
public enum Terminal {
  /// A line of what is going on, on standard output.
  public static func say(_ text: String) {
    FileHandle.standardOutput.write(Data((text + "\n").utf8))
  }

  /// `value` as one line of JSON, keys in order, on standard output.
  public static func say(json value: some Encodable) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    say(String(decoding: try encoder.encode(value), as: UTF8.self))
  }

  /// A line about something that went wrong but stops nothing, on standard error.
  public static func warn(_ text: String) {
    FileHandle.standardError.write(Data(("warning: " + text + "\n").utf8))
  }
}
