import NormaCore

/// Shows a job on the terminal: notes on standard output, what is said beside them and one line of progress
/// on standard error.
public struct TerminalObserver: JobObserver {
  private let notesAside: Bool

  /// - Parameter notesAside: notes go to standard error too, where standard output is for a program.
  public init(notesAside: Bool = false) { self.notesAside = notesAside }

  public func note(_ text: String) {
    if notesAside { Messages.say(text) } else { Terminal.say(text) }
  }

  public func aside(_ text: String) { Messages.say(text) }

  public func stage(_ title: String, total: Int, unit: String) -> any JobStage {
    ProgressLine(title, total: total, unit: unit)
  }
}

extension JobContext {
  /// For a verb: shown on the terminal, stopped by Ctrl-C. Made once in a process.
  public static func terminal(notesAside: Bool = false) -> JobContext {
    JobContext(
      observer: TerminalObserver(notesAside: notesAside), cancellation: Signals.cancellation())
  }
}
