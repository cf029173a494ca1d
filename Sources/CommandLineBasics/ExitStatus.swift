import ArgumentParser
import NormaCore

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
