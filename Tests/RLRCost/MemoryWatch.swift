import Foundation

/// The largest anonymous memory of this process while the watch runs, looked at every few milliseconds.
final class MemoryWatch: @unchecked Sendable {
  private let lock = NSLock()
  private var peak = 0
  private var isDone = false

  init() {
    Thread { [self] in
      while !look() { usleep(2000) }
    }.start()
  }

  /// Whether the watch is over.
  private func look() -> Bool {
    let now = Self.anonymousMemory()
    return lock.withLock {
      peak = max(peak, now)
      return isDone
    }
  }

  /// Ends the watch; KiB.
  func stop() -> Int {
    _ = look()
    return lock.withLock {
      isDone = true
      return peak
    }
  }

  /// Anonymous resident memory in KiB: what the program took, without mapped files.
  private static func anonymousMemory() -> Int {
    guard let status = try? String(contentsOfFile: "/proc/self/status", encoding: .utf8),
      let line = status.split(separator: "\n").first(where: { $0.hasPrefix("RssAnon:") }),
      let value = line.split(whereSeparator: { $0 == " " || $0 == "\t" }).dropFirst().first
    else { return 0 }
    return Int(value) ?? 0
  }
}
