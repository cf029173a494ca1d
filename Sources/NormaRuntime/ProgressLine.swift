import Foundation

/// One line on standard error that shows how far the work is; nothing unless that is a terminal.
public struct ProgressLine {
  private let title: String
  private let isShown: Bool
  private let start = ContinuousClock.now
  private var last = ContinuousClock.now
  private var isDrawn = false

  /// - Parameter sharesTerminal: whether results go to the same terminal, where the line would get
  ///   between them.
  public init(_ title: String, sharesTerminal: Bool = false) {
    self.title = title
    isShown = isatty(STDERR_FILENO) == 1 && !(sharesTerminal && isatty(STDOUT_FILENO) == 1)
  }

  public mutating func show(_ done: Int, of total: Int) {
    let now = ContinuousClock.now
    guard isShown, now - last > .milliseconds(100) || done == total else { return }
    last = now
    let seconds = (now - start) / .seconds(1)
    let rate = Double(done) / max(seconds, 1e-3)
    let left = rate > 0 ? Int(Double(total - done) / rate) : 0
    write(
      "\r\u{1B}[K\(title) \(done)/\(total)  \(String(format: "%.0f", rate)) per second"
        + (left > 0 ? "  \(left / 60):\(String(format: "%02d", left % 60)) left" : ""))
    isDrawn = true
  }

  /// Takes the line away.
  public mutating func end() {
    if isDrawn { write("\r\u{1B}[K") }
    isDrawn = false
  }

  private func write(_ text: String) { FileHandle.standardError.write(Data(text.utf8)) }
}
