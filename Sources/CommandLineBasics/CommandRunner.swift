import ArgumentParser
import Foundation
import NormaCore

/// Runs a command line and ends the process: 64 for a command line that is wrong, 3 for work that
/// failed (with the error's words on standard error), else what the verb says.
public enum CommandRunner {
  public static func run<Root: ParsableCommand>(
    _ root: Root.Type, arguments: [String]? = nil
  ) -> Never {
    // A reader that goes away is told by the write that fails, not by a signal.
    signal(SIGPIPE, SIG_IGN)
    var command: any ParsableCommand
    do {
      command = try root.parseAsRoot(arguments)
    } catch {
      root.exit(withError: error)
    }
    do {
      try command.run()
      exit(0)
    } catch {
      end(root, error)
    }
  }

  private static func end<Root: ParsableCommand>(_ root: Root.Type, _ error: any Error) -> Never {
    switch error {
    case let code as ExitCode:
      exit(code.rawValue)
    case let stop as Interrupted:
      Messages.say("\(stop)")
      exit(ExitStatus.interrupted.rawValue)
    case let problem as UsageProblem:
      root.exit(withError: ValidationError(problem.description))
    case is StandardOutput.ReaderGone:
      exit(ExitStatus.brokenPipe.rawValue)
    case _ where root.exitCode(for: error) != .failure:
      // Help, a version, a wrong command line: ArgumentParser's own matters, with its own words.
      root.exit(withError: error)
    default:
      Messages.say("error: \(error)")
      exit(ExitStatus.failure.rawValue)
    }
  }
}

/// What Norma's processes end with.
public enum ExitStatus {
  /// `inspect`: a picture is anomalous (0: all are normal).
  public static let anomalous = ExitCode(1)
  /// A picture could not be read, so not everything was inspected.
  public static let unreadable = ExitCode(2)
  /// The work could not be done.
  public static let failure = ExitCode(3)
  /// Interrupted by the user (128 + SIGINT).
  public static let interrupted = ExitCode(130)
  /// The reader of the output went away (128 + SIGPIPE).
  public static let brokenPipe = ExitCode(141)
}

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

/// How LibTorch's threads wait for each other.
///
/// Its OpenMP library lets a thread that is done spin for milliseconds until the others are. On a machine
/// that does something else besides, that takes the processor from the very thread that is waited for,
/// and a training slows down many times over. The library reads its settings when it is loaded, so they
/// have to be there before the process starts.
public enum ThreadPolicy {
  /// Turns of the waiting loop before a thread goes to sleep: microseconds, not milliseconds.
  private static let spins = ("GOMP_SPINCOUNT", "1000")

  /// Starts this very process anew (the same process id) with short spinning, unless somebody has
  /// settled how threads wait. Returns when nothing is to be done, or nothing can be.
  public static func settle() {
    #if os(Linux)
      guard getenv("GOMP_SPINCOUNT") == nil, getenv("OMP_WAIT_POLICY") == nil else { return }
      setenv(spins.0, spins.1, 1)
      var arguments = CommandLine.arguments.map { strdup($0) }
      arguments.append(nil)
      execv(Bundle.main.executablePath ?? "/proc/self/exe", arguments)
      // Only a failed exec comes back; the training then runs as it would have.
      for argument in arguments { free(argument) }
    #endif
  }
}
