import ArgumentParser
import Norma
import NormaCore

/// `norma measure inspect`: pictures on disk to verdicts.
struct MeasureInspection: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "inspect", abstract: "Pictures on disk to verdicts.",
    discussion: "Decoding, resizing, backbone and network, as 'norma inspect' does it when warm.")

  @Argument(help: "The model folder.")
  var model: String

  @Argument(help: "Pictures, or folders of them.")
  var pictures: [String]

  @Flag(help: "One picture after the other, each as fast as it can be, instead of many at once.")
  var latency = false

  @OptionGroup var rounds: MeasuredRounds

  func run() throws {
    let inspector = try Inspector(
      model: ModelFolder.open(model),
      engine: Detector.Options(hint: latency ? .latency : .throughput))
    let entries = try MeasuredRounds.pictures(pictures)
    try rounds.run("pictures") {
      var results: [String: Double] = [:]
      func keep(_ outcome: Inspector.Outcome) throws {
        switch outcome {
        case .verdict(let verdict): results[verdict.path] = Double(verdict.score)
        case .unreadable(let problem): throw problem
        }
      }
      let seconds = try MeasuredRounds.time {
        if latency {
          for entry in entries { try inspector.inspect([entry]) { try keep($1) } }
        } else {
          try inspector.inspect(entries) { try keep($1) }
        }
      }
      return MeasuredRounds.Round(seconds: seconds, items: entries.count, results: results)
    }
  }
}
