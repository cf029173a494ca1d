import ArgumentParser
import Foundation
import Norma
import NormaCore
import OpenVINO

/// `norma measure kernels`: what a model's graph became on this processor.
struct MeasureKernels: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "kernels", abstract: "Which kernels a model runs, and the time that each takes.",
    discussion: """
      OpenVINO's names: a kernel that ends with I8 computes in 8-bit integers, bf16
      and f32 likewise. Layers that OpenVINO merged into others are not listed.
      The times are means over the pictures, one picture after the other.
      """)

  @Argument(help: "The model folder.")
  var model: String

  @Argument(help: "Pictures, or folders of them.")
  var pictures: [String]

  @Flag(help: "Each layer in the order of execution, instead of sums.")
  var layers = false

  private struct Row: Hashable {
    var layer: String
    var type: String
    var kernel: String
  }

  func run() throws {
    let folder = try ModelFolder.open(model)
    let paths = try MeasuredRounds.pictures(pictures).map(\.path)
    let request = try Self.request(folder)
    let (reader, size) = (PictureReader(for: folder.manifest), folder.manifest.imageSize)
    var order: [Row] = []
    var microseconds: [Row: Int] = [:]
    func infer(_ path: String) throws {
      let picture = try reader.read(path, size: size)
      try request.setInput(GraphPort.pictures, picture.rgb, shape: [1, size, size, 3])
      try request.infer()
    }
    try infer(paths[0])
    for path in paths {
      try infer(path)
      for layer in try request.profile() where layer.wasExecuted {
        let row = Row(layer: layer.name, type: layer.type, kernel: layer.kernel)
        if microseconds[row] == nil { order.append(row) }
        microseconds[row, default: 0] += layer.microseconds
      }
    }
    let means = order.map { ($0, Double(microseconds[$0] ?? 0) / 1000 / Double(paths.count)) }
    try StandardOutput.print(layers ? Self.listed(means) : Self.summed(means))
  }

  private static func request(_ model: ModelFolder) throws -> InferRequest {
    guard let precision = model.manifest.modelPrecision?.arithmetic else {
      throw FileProblem(
        path: model.path, reason: "its precision '\(model.manifest.precision)' is not known")
    }
    return try Core().compile(
      onnx: model.data(ModelFile.graph),
      options: CompileOptions(precision: precision, hint: .latency, batch: 1, profiling: true)
    ).makeRequest()
  }

  private static func listed(_ rows: [(row: Row, milliseconds: Double)]) -> String {
    var table = TextTable(columns: ["layer", "type", "kernel", "ms"], right: [3])
    for (row, milliseconds) in rows {
      table.add([row.layer, row.type, row.kernel, String(format: "%.3f", milliseconds)])
    }
    return table.text
  }

  private static func summed(_ rows: [(row: Row, milliseconds: Double)]) -> String {
    let total = max(rows.reduce(0) { $0 + $1.milliseconds }, .leastNormalMagnitude)
    let groups = Dictionary(grouping: rows) {
      Row(layer: "", type: $0.row.type, kernel: $0.row.kernel)
    }
    .map { (row: $0.key, count: $0.value.count, sum: $0.value.reduce(0) { $0 + $1.milliseconds }) }
    .sorted { ($1.sum, $0.row.type, $0.row.kernel) < ($0.sum, $1.row.type, $1.row.kernel) }
    var table = TextTable(columns: ["type", "kernel", "layers", "ms", "share"], right: [2, 3, 4])
    for group in groups {
      table.add([
        group.row.type, group.row.kernel, "\(group.count)", String(format: "%.3f", group.sum),
        PrecisionAcceptance.percent(group.sum / total),
      ])
    }
    return table.text
  }
}
