/// What one measurement found.
struct Cost {
  /// The largest anonymous memory, in MiB.
  let peak: Int
  /// Of the fastest of a few repetitions, after one that warms up.
  let seconds: Double

  /// - Parameter repetitions: how often `body` is timed, after one time without.
  static func measured(repetitions: Int, _ body: () throws -> Void) throws -> Cost {
    let watch = MemoryWatch()
    try body()
    var seconds = Double.infinity
    for _ in 0..<repetitions {
      let start = ContinuousClock.now
      try body()
      let elapsed = (ContinuousClock.now - start).components
      seconds = min(seconds, Double(elapsed.seconds) + Double(elapsed.attoseconds) * 1e-18)
    }
    return Cost(peak: watch.stop() / 1024, seconds: seconds)
  }
}
