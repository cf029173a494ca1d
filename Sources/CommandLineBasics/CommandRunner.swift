import ArgumentParser
import Foundation
import NormaCore
import NormaFiles

/// Runs a command line and ends the process: 64 for a command line that is wrong, 3 for work that
/// failed (with the error's words on standard error), else what the verb says.
public enum CommandRunner {
  public static func run<Root: ParsableCommand>(
    _ root: Root.Type, arguments: [String]? = nil
  ) -> Never {
    // A reader that goes away is told by the write that fails, not by a signal.
    signal(SIGPIPE, SIG_IGN)
    var words = arguments ?? Array(CommandLine.arguments.dropFirst())
    if words == ["version"], !root.configuration.version.isEmpty { words = ["--version"] }
    if let problem = CommandNames.problemOfHelp(words, in: root) {
      root.exit(withError: ValidationError(problem))
    }
    var command: any ParsableCommand
    do {
      command = try root.parseAsRoot(words)
    } catch {
      guard root.exitCode(for: error) != .success,
        let problem = CommandNames.problem(words, in: root)
      else { root.exit(withError: error) }
      root.exit(withError: ValidationError(problem))
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

/// Names of commands that were mistyped.
package enum CommandNames {
  /// What is wrong with the names of commands in a command line that cannot be understood; nil: nothing, it
  /// is something else.
  package static func problem(_ words: [String], in root: any ParsableCommand.Type) -> String? {
    var command = root
    for word in words {
      let known = names(of: command)
      if let next = known[word] {
        command = next
        continue
      }
      guard !known.isEmpty, !word.hasPrefix("-") else { return nil }
      let hint = Spelling.hint(for: word, among: known.keys.sorted())
      // Where a command is understood without its name, a word may be anything.
      guard command.configuration.defaultSubcommand == nil || !hint.isEmpty else { return nil }
      return text(word, hint, known)
    }
    return nil
  }

  /// The same of `help NAME`, which shows the help of everything for a name that there is not.
  package static func problemOfHelp(
    _ words: [String], in root: any ParsableCommand.Type
  ) -> String? {
    let known = names(of: root)
    guard words.first == "help", words.count > 1, !words[1].hasPrefix("-"), known[words[1]] == nil
    else { return nil }
    return text(words[1], Spelling.hint(for: words[1], among: known.keys.sorted()), known)
  }

  private static func text(
    _ word: String, _ hint: String, _ known: [String: any ParsableCommand.Type]
  ) -> String {
    "there is no command '\(word.printable)'\(hint); there are \(known.keys.sorted().joined(separator: ", "))."
  }

  private static func names(
    of command: any ParsableCommand.Type
  ) -> [String: any ParsableCommand.Type] {
    let all = command.configuration.subcommands.map {
      ($0.configuration.commandName ?? "\($0)".lowercased(), $0)
    }
    return Dictionary(all, uniquingKeysWith: { first, _ in first })
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
  /// From now on Ctrl-C, a polite kill and a terminal that is closed ask the cancellation that is returned; a second one ends the
  /// process at once. Called once, by the verb.
  public static func cancellation() -> Cancellation {
    let cancellation = Cancellation()
    sources.withLock { sources in
      sources += [SIGINT, SIGTERM, SIGHUP].compactMap { number -> (any DispatchSourceSignal)? in
        let before = signal(number, SIG_IGN)
        // What nohup keeps from the work is kept from it.
        if number == SIGHUP, isIgnored(before) { return nil }
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

  private static func isIgnored(_ handler: (@convention(c) (Int32) -> Void)?) -> Bool {
    unsafeBitCast(handler, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self)
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
  /// What `--threads` says, which is read here before the command line is: LibTorch's library counts its
  /// threads when it is loaded.
  private static var asked: Int? {
    let arguments = CommandLine.arguments
    let joined = arguments.first { $0.hasPrefix("--threads=") }?.dropFirst("--threads=".count)
    let next = arguments.firstIndex(of: "--threads").map { $0 + 1 }
    let text =
      joined.map(String.init)
      ?? next.flatMap { arguments.indices.contains($0) ? arguments[$0] : nil }
    return text.flatMap { Int($0) }.flatMap { (1...4096).contains($0) ? $0 : nil }
  }

  /// Turns of the waiting loop before a thread goes to sleep: microseconds, not milliseconds.
  private static let spins = ("GOMP_SPINCOUNT", "1000")
  private static let number = "OMP_NUM_THREADS"

  /// Starts this very process anew (the same process id) with short spinning, unless somebody has
  /// settled how threads wait, and with as many threads as `--threads` or a container's quota says. Returns
  /// when nothing is to be done, or nothing can be.
  public static func settle() {
    #if os(Linux)
      let isSettled = getenv("GOMP_SPINCOUNT") != nil || getenv("OMP_WAIT_POLICY") != nil
      let threads = getenv(number) == nil ? asked ?? Processors.current.imposed : nil
      guard !isSettled || threads != nil else { return }
      if !isSettled { setenv(spins.0, spins.1, 1) }
      if let threads { setenv(number, "\(threads)", 1) }
      var arguments = CommandLine.arguments.map { strdup($0) }
      arguments.append(nil)
      execv(Bundle.main.executablePath ?? "/proc/self/exe", arguments)
      // Only a failed exec comes back; the training then runs as it would have.
      for argument in arguments { free(argument) }
    #endif
  }
}
