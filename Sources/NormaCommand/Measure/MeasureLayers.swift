import ArgumentParser
import CommandLineBasics
import Foundation
import Norma
import NormaCore
import NormaFiles
import NormaTraining
import OpenVINO

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

  /// What is added up.
  enum Grouping: String, ExpressibleByArgument, CaseIterable {
    case part, operation, kernel
  }

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
  var by = Grouping.kernel

  @Option(help: "Runs that the times are the mean of, after one to warm up.")
  var times = 20

  @Flag(help: "One JSON object a line of the table.")
  var json = false

  func validate() throws {
    guard times > 0 else { throw ValidationError("--times is \(times); at least 1 is needed") }
  }

  /// A line of the table.
  struct Row: Encodable {
    var part: String
    var operation: String?
    var kernel: String?
    /// Kernels that ran, the mean over the runs.
    var count = 0
    /// Of one picture.
    var milliseconds = 0.0
  }

  func run() throws {
    let rows = try self.rows()
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
          String(format: "%.1f %%", 100 * row.milliseconds / max(total, 1e-9)),
        ])
    }
    try StandardOutput.print(table.text)
    try StandardOutput.print(String(format: "all: %.3f ms a picture", total))
  }

  private func rows() throws -> [Row] {
    let folder = try ModelFolder.open(model)
    let size = folder.manifest.imageSize
    let picture = try PictureReader(for: folder.manifest).read(self.picture, size: size)
    guard let own = folder.manifest.modelPrecision?.arithmetic else {
      throw FileProblem(
        path: folder.path, reason: "its precision '\(folder.manifest.precision)' is not known")
    }
    let compiled = try Core().compile(
      onnx: folder.data(ModelFile.graph),
      options: CompileOptions(
        precision: precision ?? own, hint: .latency, batch: 1, profiling: true))
    let request = try compiled.makeRequest()
    try request.setInput(GraphPort.pictures, picture.rgb, shape: [1, size, size, 3])
    try request.infer()
    let parts = LayerParts(parameters: Set(try StoredNetwork(folder).weights.keys))
    var rows: [[String?]: Row] = [:]
    for _ in 0..<times {
      try request.infer()
      var part = LayerParts.trunk
      for layer in try request.profile() where layer.wasExecuted {
        part = parts.part(of: layer.name) ?? part
        let operation = by == .part ? nil : layer.type
        let kernel = by == .kernel ? layer.kernel : nil
        rows[
          [part, operation, kernel],
          default: Row(part: part, operation: operation, kernel: kernel)
        ].add(layer, share: 1 / Double(times))
      }
    }
    return rows.values.map { row in
      var row = row
      row.count = (row.count + times / 2) / times
      return row
    }.sorted { ($1.milliseconds, $0.part) < ($0.milliseconds, $1.part) }
  }
}

extension MeasureLayers.Row {
  fileprivate mutating func add(_ layer: LayerProfile, share: Double) {
    count += 1
    milliseconds += Double(layer.microseconds) / 1000 * share
  }
}
