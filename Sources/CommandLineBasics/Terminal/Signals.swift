import Foundation
import NormaCore

/// The signals of this process that mean: stop.
public enum Signals {
  /// From now on Ctrl-C (and a polite kill) asks the cancellation that is returned; a second one ends the
  /// process at once. Called once, by the verb.
  public static func cancellation() -> Cancellation {
    let cancellation = Cancellation()
    sources.withLock { sources in
      sources += [SIGINT, SIGTERM].map { number in
        signal(number, SIG_IGN)
        let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
        source.setEventHandler {
          if !cancellation.request() { _exit(ExitStatus.interrupted.rawValue) }
        }
        source.activate()
        return source
      }
    }
    return cancellation
  }

  /// Kept for as long as the process lives.
  private static let sources = Sources()

  private final class Sources: @unchecked Sendable {
    private let lock = NSLock()
    private var sources: [any DispatchSourceSignal] = []

    func withLock(_ body: (inout [any DispatchSourceSignal]) -> Void) {
      lock.withLock { body(&sources) }
    }
  }
}
