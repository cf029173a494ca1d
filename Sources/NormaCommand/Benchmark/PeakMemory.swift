import Foundation

/// Watches how much memory of its own (anonymous resident pages) the process has, several times a
/// second. Mapped files, such as feature stores, are the system's to give back and do not count.
final class PeakMemory: @unchecked Sendable {
  private let lock = NSLock()
  private var largest: Int?
  private var isStopped = false

  init() {
    sample()
    let thread = Thread { [weak self] in
      while let watcher = self, !watcher.stopped {
        watcher.sample()
        usleep(100_000)
      }
    }
    thread.name = "norma-memory"
    thread.start()
  }

  /// The largest number of bytes so far; nil where the system does not say.
  var bytes: Int? {
    sample()
    return lock.withLock { largest }
  }

  func stop() { lock.withLock { isStopped = true } }

  private var stopped: Bool { lock.withLock { isStopped } }

  private func sample() {
    guard let now = Self.current() else { return }
    lock.withLock { largest = max(largest ?? 0, now) }
  }

  /// `RssAnon` of Linux's `/proc/self/status`, in bytes.
  private static func current() -> Int? {
    guard let status = try? String(contentsOfFile: "/proc/self/status", encoding: .utf8),
      let line = status.split(separator: "\n").first(where: { $0.hasPrefix("RssAnon:") }),
      let kibibytes = line.split(whereSeparator: { " \t".contains($0) }).dropFirst().first
        .flatMap({ Int($0) })
    else { return nil }
    return kibibytes * 1024
  }
}
