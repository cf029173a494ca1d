import ArgumentParser
import Foundation
import NormaCore

/// How a measurement is repeated, the same for all parts.
struct MeasuredRounds: ParsableArguments {
  @Option(help: "How often it is timed, after one round of warming up.")
  var rounds = 5

  @Flag(help: "Time a round for each line on standard input, until its end.")
  var onRequest = false

  @Flag(help: "One JSON object a round.")
  var json = false

  func validate() throws {
    guard rounds > 0 else { throw ValidationError("--rounds is \(rounds); at least 1 is needed") }
  }

  /// What a round says of itself.
  struct Round: Encodable {
    /// The seconds of what is measured, without what was made ready for it.
    var seconds: Double
    /// How many pictures, steps or maps they were for.
    var items: Int
    /// The processor time of the whole round, of all threads together.
    var processorSeconds = 0.0
    /// Results, by name, that another program can compare with its own.
    var results: [String: Double] = [:]
  }

  /// Warms up, then times.
  func run(_ unit: String, round: () throws -> Round) throws {
    _ = try round()
    var rates: [Double] = []
    func once() throws {
      let before = Self.processorSeconds
      var result = try round()
      result.processorSeconds = Self.processorSeconds - before
      rates.append(Double(result.items) / result.seconds)
      try StandardOutput.print(
        json || onRequest
          ? JSONText.line(result) : "\(Self.seconds(result.seconds)) for \(result.items) \(unit)")
    }
    if onRequest {
      try StandardOutput.print("ready")
      while readLine() != nil { try once() }
    } else {
      for _ in 0..<rounds { try once() }
    }
    guard !json, !onRequest else { return }
    let median = rates.sorted()[rates.count / 2]
    try StandardOutput.print(
      "median: \(String(format: "%.2f", median)) \(unit) a second, "
        + "\(String(format: "%.2f", 1000 / median)) ms each")
  }

  private static var processorSeconds: Double {
    var time = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
  }

  private static func seconds(_ value: Double) -> String { String(format: "%.3f s", value) }

  /// The seconds that `body` takes.
  static func time(_ body: () throws -> Void) rethrows -> Double {
    try ContinuousClock().measure(body).seconds
  }
}
