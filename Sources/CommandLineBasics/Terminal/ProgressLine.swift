import Foundation
import NormaCore

/// One line on the terminal that says how far long work is: done, rate, time left. Silent when
/// standard error is not a terminal.
///
/// Used from one thread.
public final class ProgressLine: JobStage {
  private let title: String
  private let total: Int
  private let unit: String
  private let start = ContinuousClock.now
  private let isShown: Bool
  private var first: (done: Int, at: ContinuousClock.Instant)?
  private var lastShown: ContinuousClock.Instant?

  /// - Parameters:
  ///   - unit: what is counted, such as "pictures".
  ///   - sharesTerminal: whether results go to the same terminal, where the line would get between
  ///     them.
  public init(_ title: String, total: Int, unit: String, sharesTerminal: Bool = false) {
    self.title = title
    self.total = total
    self.unit = unit
    isShown = isatty(STDERR_FILENO) == 1 && !(sharesTerminal && isatty(STDOUT_FILENO) == 1)
  }

  /// - Parameters:
  ///   - done: of the total, those of an earlier run included.
  ///   - detail: what else is to be said, such as the loss.
  public func update(_ done: Int, detail: String) {
    guard isShown else { return }
    let now = ContinuousClock.now
    // The rate is of this run: what was there already took no time.
    guard let first else {
      self.first = (done, now)
      return
    }
    if let lastShown, now - lastShown < .milliseconds(200), done < total { return }
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
    Messages.write("\r\u{1B}[K" + line)
  }

  /// Ends the line with how long it took.
  public func finish() {
    guard isShown, lastShown != nil else { return }
    Messages.write(
      "\r\u{1B}[K\(title)  \(Figures.duration((ContinuousClock.now - start).seconds))\n")
    lastShown = nil
  }

  /// Takes the line away.
  public func clear() {
    guard isShown, lastShown != nil else { return }
    Messages.write("\r\u{1B}[K")
    lastShown = nil
  }

  private static func rate(_ rate: Double, _ unit: String) -> String {
    rate >= 10
      ? String(format: "%.0f %@/s", rate, unit) : String(format: "%.1f %@/s", rate, unit)
  }
}
