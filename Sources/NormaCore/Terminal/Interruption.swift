import Dispatch
import Foundation

/// Ctrl-C (and a polite kill), as a question that long work asks between two steps. A second Ctrl-C
/// ends the process at once.
public final class Interruption {
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

  private let flag = Flag()
  private let sources: [any DispatchSourceSignal]

  /// From now on SIGINT and SIGTERM are this object's.
  public init() {
    let flag = flag
    sources = [SIGINT, SIGTERM].map { number in
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
      source.setEventHandler {
        if !flag.raise() { _exit(Interrupted.exitCode) }
      }
      source.activate()
      return source
    }
  }

  public var isRequested: Bool { flag.isRaised }

  /// Throws ``Interrupted`` with `message` once a stop is requested.
  public func check(_ message: String) throws {
    if isRequested { throw Interrupted(message) }
  }
}

/// Work was stopped on request; the message says what was kept and how to go on.
public struct Interrupted: Error, CustomStringConvertible, Sendable {
  public static let exitCode: Int32 = 130
  public let description: String

  public init(_ description: String) {
    self.description = description
  }
}
