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
