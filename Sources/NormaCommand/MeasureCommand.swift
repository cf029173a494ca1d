import ArgumentParser
import CommandLineBasics
import Foundation
import NormaChecks
import NormaCore
import OpenVINO

/// `norma measure`.
struct MeasureCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "measure",
    abstract: "Time one part of the work on this machine.",
    discussion: """
      Each part is warmed up once and then timed in rounds: one line a round
      with its seconds, then the median. Times say something only while nothing
      else runs.

        norma measure extract pictures --recipe three   pictures to features
        norma measure steps --recipe three --batch 64   training steps
        norma measure inspect line.norma pictures       pictures to verdicts
        norma measure layers line.norma picture.png     where a picture's time goes

      With --on-request a round begins with each line on standard input, which
      lets a benchmark alternate with another program ('make bench').
      """,
    subcommands: [
      MeasureExtraction.self, MeasureSteps.self, MeasureInspection.self, MeasureDecoding.self,
      MeasureMetrics.self, MeasureLayers.self,
    ])
}

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

  /// Warms up, then times.
  func run(_ measurement: TimedWork) throws {
    let cancellation = Signals.cancellation()
    func check() throws { try cancellation.check("Stopped.") }
    _ = try measurement.round()
    try check()
    var rates: [Double] = []
    func once() throws {
      let result = try measurement.round()
      rates.append(Double(result.items) / result.seconds)
      try StandardOutput.print(
        json || onRequest
          ? JSONText.line(result)
          : String(format: "%.3f s", result.seconds)
            + " for \(result.items) \(measurement.unit)")
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
      "median: \(String(format: "%.2f", median)) \(measurement.unit) a second, "
        + "\(String(format: "%.2f", 1000 / median)) ms each")
  }
}

/// `norma measure extract`: pictures on disk to stored features.
struct MeasureExtraction: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "extract", abstract: "Pictures on disk to stored features.",
    discussion: """
      Decoding, resizing, the backbone and the writing of the feature store, as
      'norma train' does it before it learns.
      """)

  @Argument(help: "Pictures, or folders of them.")
  var pictures: [String]

  @Option(help: "Whose backbone: the name of a recipe that comes with Norma, or a .yaml file.")
  var recipe: String?

  @Option(help: "Write the backbone's graph there too, for another runtime: an .onnx file.")
  var graph: String?

  @OptionGroup var rounds: MeasuredRounds

  func run() throws {
    try rounds.run(.extraction(pictures, recipe: recipe, graph: graph))
  }
}

/// `norma measure steps`: training steps, features to changed weights.
struct MeasureSteps: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "steps", abstract: "Training steps, from stored features to changed weights.",
    discussion: """
      On features made up for it: reading them, jitter, forward and backward
      pass, clipping and the optimiser.
      """)

  @Option(help: "What is trained: the name of a recipe that comes with Norma, or a .yaml file.")
  var recipe: String?

  @Option(help: "Pictures a step.")
  var batch: Int?

  @Option(help: "Steps a round.")
  var steps = 12

  @OptionGroup var rounds: MeasuredRounds

  func validate() throws {
    guard steps > 0 else { throw ValidationError("--steps is \(steps); at least 1 is needed") }
    if let batch, batch < 1 {
      throw ValidationError("--batch is \(batch); at least 1 is needed")
    }
  }

  func run() throws {
    try rounds.run(.steps(steps, recipe: recipe, batch: batch))
  }
}

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
    try rounds.run(.inspection(pictures, model: model, latency: latency))
  }
}

/// `norma measure decode`: one picture's file to the network's size.
struct MeasureDecoding: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "decode", abstract: "A picture on disk to pixels of the network's size.")

  @Argument(help: "The picture.")
  var picture: String

  @Option(help: "Side of the square that it is resized to, in pixels.")
  var size = 224

  @Option(help: "How often a round reads it.")
  var times = 50

  @OptionGroup var rounds: MeasuredRounds

  func validate() throws {
    guard (32...4096).contains(size) else {
      throw ValidationError("--size is \(size); 32 to 4096 pixels can be said")
    }
    guard times > 0 else { throw ValidationError("--times is \(times); at least 1 is needed") }
  }

  func run() throws {
    try rounds.run(.decoding(picture, size: size, times: times))
  }
}

/// `norma measure metrics`: anomaly maps and masks to figures.
struct MeasureMetrics: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "metrics",
    abstract: "Anomaly maps and masks to AUROC, average precision and AUPRO.",
    discussion: """
      MAPS is a .safetensors file with 'maps', float32 [N, H, W], and 'masks',
      float32 [N, H, W], above 0 where anomalous.
      """)

  @Argument(help: "The maps and masks.")
  var maps: String

  @OptionGroup var rounds: MeasuredRounds

  func run() throws {
    try rounds.run(.metrics(maps))
  }
}

/// `norma measure layers`: what runs inside a compiled model, and where its time goes.
struct MeasureLayers: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "layers", abstract: "What runs inside a compiled model, and where its time goes.",
    discussion: """
      OpenVINO merges the graph's operations into kernels. This runs the graph on
      a picture, one request on all processors, and adds up the time of the
      kernels by the part of the model they belong to, their operation and their
      kernel, the slowest first.

        norma measure layers line.norma picture.png
        norma measure layers line.norma picture.png --by part
      """)

  @Argument(help: "The model folder.")
  var model: String

  @Argument(help: "A picture.")
  var picture: String

  @Option(
    help: "Another arithmetic than the model's: f32 or bf16.",
    transform: {
      guard let precision = Precision(rawValue: $0) else {
        throw ValidationError("'\($0)' is not one of f32, bf16")
      }
      return precision
    })
  var precision: Precision?

  @Option(help: "One line a part, a part's operation, or a kernel: part, operation, kernel.")
  var by = LayerTime.Grouping.kernel

  @Option(help: "Runs that the times are the mean of, after one to warm up.")
  var times = 20

  @Flag(help: "One JSON object a line of the table.")
  var json = false

  func validate() throws {
    guard times > 0 else { throw ValidationError("--times is \(times); at least 1 is needed") }
  }

  func run() throws {
    let rows = try LayerTime.measured(
      model: model, picture: picture, by: by, times: times, precision: precision)
    if json {
      for row in rows { try StandardOutput.print(JSONText.line(row)) }
      return
    }
    let total = rows.reduce(0) { $0 + $1.milliseconds }
    let names = ["part"] + (by == .part ? [] : ["operation"]) + (by == .kernel ? ["kernel"] : [])
    var table = TextTable(
      columns: names + ["kernels", "ms", "share"], right: Set(names.count..<names.count + 3))
    for row in rows {
      table.add(
        [row.part] + [row.operation, row.kernel].compactMap { $0 } + [
          String(row.count), String(format: "%.3f", row.milliseconds),
          Figures.terminal.percent(row.milliseconds / max(total, 1e-9)),
        ])
    }
    try StandardOutput.print(table.text)
    try StandardOutput.print(String(format: "all: %.3f ms a picture", total))
  }
}

extension LayerTime.Grouping: ExpressibleByArgument {}
