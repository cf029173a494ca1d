import Foundation
import NormaCore
import NormaFiles

/// Standard output, a line at a time.
public enum StandardOutput {
  /// Whoever read the output has gone, which is no error: the work just ends.
  public struct ReaderGone: Error {}

  /// Writes `line` and a line break. Throws `ReaderGone`, or `OutputError` when the disk is full.
  public static func print(_ line: String) throws {
    let bytes = Array((line + "\n").utf8)
    var done = 0
    while done < bytes.count {
      let count = bytes[done...].withUnsafeBytes { write(STDOUT_FILENO, $0.baseAddress, $0.count) }
      if count >= 0 {
        done += count
      } else if errno == EPIPE {
        throw ReaderGone()
      } else if errno != EINTR {
        throw OutputError(reason: String(cString: strerror(errno)))
      }
    }
  }

  /// Standard output takes nothing more.
  struct OutputError: Error, CustomStringConvertible {
    var reason: String
    var description: String { "the output cannot be written: \(reason)" }
  }
}

/// Standard error: what is said to the person beside the output.
public enum Messages {
  /// A line, or several. Names of files and what they say may hold what steers a terminal.
  public static func say(_ text: String) { write(text.printableLines + "\n") }

  /// Text as it is. Where it cannot be written nobody is listening, which stops nothing.
  static func write(_ text: String) {
    var rest = Array(text.utf8)[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Foundation.write(STDERR_FILENO, $0.baseAddress, $0.count) }
      if count > 0 {
        rest = rest.dropFirst(count)
      } else if count == 0 || errno != EINTR {
        return
      }
    }
  }
}

/// What a command says to the person who called it while it works. Nobody listening is no error here:
/// the work goes on.
public enum Terminal {
  /// A line of what is going on, on standard output.
  public static func say(_ text: String) {
    try? StandardOutput.print(text.printableLines)
  }

  /// A line about something that went wrong but stops nothing, on standard error.
  public static func warn(_ text: String) {
    Messages.say("warning: " + text)
  }
}

/// How far long work is: done, rate, time left. One line on the terminal; where standard error is not a
/// terminal but somebody's log, a line of its own every minute.
///
/// Used from one thread.
public final class ProgressLine: JobStage {
  private let title: String
  private let total: Int
  private let unit: String
  private let start = ContinuousClock.now
  private enum Place { case terminal, log, nowhere }
  private let place: Place
  private var first: (done: Int, at: ContinuousClock.Instant)?
  private var lastShown: ContinuousClock.Instant?

  /// - Parameters:
  ///   - unit: what is counted, such as "pictures".
  ///   - sharesTerminal: whether results go to the same terminal, where the line would get between
  ///     them.
  public init(_ title: String, total: Int, unit: String, sharesTerminal: Bool = false) {
    self.title = title
    self.total = total
    self.unit = total == 1 && unit.hasSuffix("s") ? String(unit.dropLast()) : unit
    place =
      isatty(STDERR_FILENO) != 1
      ? .log : sharesTerminal && isatty(STDOUT_FILENO) == 1 ? .nowhere : .terminal
  }

  /// - Parameters:
  ///   - done: of the total, those of an earlier run included.
  ///   - detail: what else is to be said, such as the loss.
  public func update(_ done: Int, detail: String) {
    guard place != .nowhere else { return }
    let now = ContinuousClock.now
    // The rate is of this run: what was there already took no time.
    guard let first else {
      self.first = (done, now)
      return
    }
    switch (place, lastShown) {
    case (.log, let last): guard now - (last ?? start) >= .seconds(60) else { return }
    case (_, let last?): guard now - last >= .milliseconds(200) || done >= total else { return }
    case (_, nil): break
    }
    lastShown = now
    let seconds = (now - first.at).seconds
    let rate = seconds > 0 ? Double(done - first.done) / seconds : 0
    var line = "\(title)  \(done) of \(total) \(unit)"
    if rate > 0 {
      line +=
        "  " + Self.rate(rate, unit) + "  " + Figures.duration(Double(total - done) / rate)
        + " left"
    }
    if !detail.isEmpty { line += "  " + detail }
    Messages.write(place == .log ? line + "\n" : "\r\u{1B}[K" + line)
  }

  /// Ends the line with how long it took.
  public func finish() {
    guard place == .terminal, lastShown != nil else { return }
    Messages.write(
      "\r\u{1B}[K\(title)  \(Figures.duration((ContinuousClock.now - start).seconds))\n")
    lastShown = nil
  }

  /// Takes the line away.
  public func clear() {
    guard place == .terminal, lastShown != nil else { return }
    Messages.write("\r\u{1B}[K")
    lastShown = nil
  }

  private static func rate(_ rate: Double, _ unit: String) -> String {
    rate >= 10
      ? String(format: "%.0f %@/s", rate, unit) : String(format: "%.1f %@/s", rate, unit)
  }
}

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
