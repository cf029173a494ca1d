import Norma
import NormaCore
import NormaFiles
import NormaTraining
import OpenVINO

/// The time of a compiled model's kernels, added up by what they belong to.
public struct LayerTime: Encodable {
  /// What is added up.
  public enum Grouping: String, CaseIterable, Sendable {
    case part, operation, kernel
  }

  public var part: String
  public var operation: String?
  public var kernel: String?
  /// Kernels that ran, the mean over the runs.
  public var count = 0
  /// Of one picture.
  public var milliseconds = 0.0

  /// The slowest first.
  ///
  /// - Parameters:
  ///   - model: the model folder.
  ///   - picture: that the graph runs on, after one run to warm up.
  ///   - times: runs that the times are the mean of.
  ///   - precision: another arithmetic than the model's; nil: its own.
  public static func measured(
    model: String, picture path: String, by grouping: Grouping, times: Int, precision: Precision?
  ) throws -> [LayerTime] {
    let folder = try ModelFolder.open(model)
    let size = folder.manifest.imageSize
    let picture = try PictureReader(for: folder.manifest).read(path, size: size)
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
    var rows: [[String?]: LayerTime] = [:]
    for _ in 0..<times {
      try request.infer()
      var part = LayerParts.trunk
      for layer in try request.profile() where layer.wasExecuted {
        part = parts.part(of: layer.name) ?? part
        let operation = grouping == .part ? nil : layer.type
        let kernel = grouping == .kernel ? layer.kernel : nil
        rows[
          [part, operation, kernel],
          default: LayerTime(part: part, operation: operation, kernel: kernel)
        ].add(layer, share: 1 / Double(times))
      }
    }
    return rows.values.map { row in
      var row = row
      row.count = (row.count + times / 2) / times
      return row
    }.sorted { ($1.milliseconds, $0.part) < ($0.milliseconds, $1.part) }
  }

  private mutating func add(_ layer: LayerProfile, share: Double) {
    count += 1
    milliseconds += Double(layer.microseconds) / 1000 * share
  }
}

/// Tells by a layer's name which part of a model it belongs to: graphs name their operations by the
/// parameters that they use.
struct LayerParts {
  static let trunk = "trunk"
  /// The names of the parameters that the method has trained.
  let parameters: Set<String>

  /// The trunk, or the first word of the method's parameter (`decoder`, say; `level 1` where it is a
  /// number); nil for a name that does not tell.
  func part(of layer: String) -> String? {
    guard let end = layer.lastIndex(of: ".") else { return nil }
    let stem = layer[..<end]
    guard parameters.contains(where: { $0.hasPrefix(stem + ".") }) else { return Self.trunk }
    let word = stem.prefix { $0 != "." }
    return Int(word).map { "level \($0 + 1)" } ?? String(word)
  }
}
