import Foundation

/// Whether somebody wants a job to stop, as a question that long work asks between two steps. Who asks for
/// it, a signal, a request or another task, is not the job's concern.
public final class Cancellation: Sendable {
  private let flag = Flag()

  public init() {}

  public var isRequested: Bool { flag.isRaised }

  /// Asks the job to stop; false when that was asked before.
  @discardableResult
  public func request() -> Bool { flag.raise() }

  /// Throws ``Interrupted`` with `message` once a stop is requested.
  public func check(_ message: String) throws {
    if isRequested { throw Interrupted(message) }
  }

  private final class Flag: @unchecked Sendable {
    private let lock = NSLock()
    private var raised = false

    var isRaised: Bool { lock.withLock { raised } }

    /// Raises the flag; false when it was up already.
    func raise() -> Bool {
      lock.withLock {
        defer { raised = true }
        return !raised
      }
    }
  }
}

/// Work was stopped on request; the message says what was kept and how to go on.
public struct Interrupted: Error, CustomStringConvertible, Sendable {
  public let description: String

  public init(_ description: String) {
    self.description = description
  }
}
