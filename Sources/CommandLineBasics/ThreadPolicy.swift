import Foundation

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
