import NormaCore

/// Shows a job on the terminal: notes on standard output, warnings and one line of progress on standard
/// error.
public struct TerminalObserver: JobObserver {
  private let notesAside: Bool

  /// - Parameter notesAside: notes go to standard error too, where standard output is for a program.
  public init(notesAside: Bool = false) { self.notesAside = notesAside }

  public func note(_ text: String) {
    if notesAside { Messages.say(text) } else { Terminal.say(text) }
  }

  public func warning(_ text: String) { Terminal.warn(text) }

  public func stage(_ title: String, total: Int, unit: String) -> any JobStage {
    ProgressLine(title, total: total, unit: unit)
  }
}
