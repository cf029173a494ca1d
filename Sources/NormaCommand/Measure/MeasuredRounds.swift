import ArgumentParser
import CommandLineBasics
import Foundation
import Norma
import NormaCore
import NormaFiles

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

  /// The pictures that `paths` name.
  /// - Throws: `FileProblem` when a folder cannot be read, or there is no picture.
  static func pictures(_ paths: [String]) throws -> [PictureList.Entry] {
    let list = PictureList(paths)
    if let problem = list.unreadable.first { throw problem }
    guard !list.entries.isEmpty else {
      throw FileProblem(
        path: paths.joined(separator: ", "), reason: "there is no picture to measure with")
    }
    return list.entries
  }

  /// Warms up, then times.
  func run(_ unit: String, round: () throws -> Round) throws {
    let cancellation = Signals.cancellation()
    func check() throws { try cancellation.check("Stopped.") }
    _ = try round()
    try check()
    var rates: [Double] = []
    func once() throws {
      let before = ProcessorTime.seconds
      var result = try round()
      result.processorSeconds = ProcessorTime.seconds - before
      rates.append(Double(result.items) / result.seconds)
      try StandardOutput.print(
        json || onRequest
          ? JSONText.line(result) : "\(Self.seconds(result.seconds)) for \(result.items) \(unit)")
    }
    if onRequest {
      try StandardOutput.print("ready")
      while readLine() != nil {
        try once()
        try check()
      }
    } else {
      for _ in 0..<rounds {
        try once()
        try check()
      }
    }
    guard !json, !onRequest else { return }
    let median = rates.sorted()[rates.count / 2]
    try StandardOutput.print(
      "median: \(String(format: "%.2f", median)) \(unit) a second, "
        + "\(String(format: "%.2f", 1000 / median)) ms each")
  }

  private static func seconds(_ value: Double) -> String { String(format: "%.3f s", value) }

  /// The seconds that `body` takes.
  static func time(_ body: () throws -> Void) rethrows -> Double {
    try ContinuousClock().measure(body).seconds
  }
}
