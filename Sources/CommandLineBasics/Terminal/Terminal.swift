import Foundation

/// What a command says to the person who called it while it works. Nobody listening is no error here:
/// the work goes on.
public enum Terminal {
  /// A line of what is going on, on standard output.
  public static func say(_ text: String) {
    try? StandardOutput.print(text)
  }

  /// A line about something that went wrong but stops nothing, on standard error.
  public static func warn(_ text: String) {
    Messages.say("warning: " + text)
  }
}
