import Dispatch
import Foundation

/// The user's wish to stop (Ctrl-C). The first is kept until the work asks for it, so that nothing is
/// left half done; the second ends the process at once.
public struct Interruption: Error {
  /// From now on Ctrl-C is a wish.
  public static func listen() { listener.start() }

  public static var isWished: Bool { listener.isWished }

  /// Throws `Interruption` when the user wishes to stop.
  public static func check() throws {
    if isWished { throw Interruption() }
  }

  private static let listener = Listener()

  private final class Listener: @unchecked Sendable {
    private let lock = NSLock()
    private var source: (any DispatchSourceSignal)?
    private var wished = false

    var isWished: Bool { lock.withLock { wished } }

    func start() {
      lock.withLock {
        guard source == nil else { return }
        signal(SIGINT, SIG_IGN)
        let source = DispatchSource.makeSignalSource(signal: SIGINT, queue: .global())
        source.setEventHandler { [self] in wish() }
        source.resume()
        self.source = source
      }
    }

    private func wish() {
      lock.withLock {
        if wished { exit(ExitStatus.interrupted.rawValue) }
        wished = true
      }
    }
  }
}
