import Foundation

/// The steps of a save at which a power cut would hurt most. With `NORMA_FAULT=7` in its environment
/// a process kills itself at its seventh passage through one of them, which is how the tests show
/// that no save can be cut so that something half-written is left. Without the variable a passage
/// does nothing.
package enum FaultPoint {
  /// Which passage is the last; 0: none.
  private static let last =
    ProcessInfo.processInfo.environment["NORMA_FAULT"].flatMap { Int($0) } ?? 0
  private static let passages = Passages()

  /// Nothing after this call happens when it is the process's last passage.
  package static func pass() {
    guard last > 0, passages.next() == last else { return }
    kill(getpid(), SIGKILL)
    // The signal may reach another thread first: this one goes no further.
    while true { pause() }
  }

  private final class Passages: @unchecked Sendable {
    private let lock = NSLock()
    private var count = 0

    func next() -> Int {
      lock.withLock {
        count += 1
        return count
      }
    }
  }
}
