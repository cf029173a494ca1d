import Foundation
import Norma
import NormaCore
import NormaFiles
import NormaTraining

/// `norma export MODEL --output X.onnx`: a model's graph for other runtimes, with the verdict computed in it,
/// and beside it a picture (`X.reference.png`) with what the graph has to give for it (`X.reference.json`).
public struct GraphExportJob {
  private let model: ModelFolder
  private let output: String
  private let context: JobContext

  /// - Parameters:
  ///   - output: the file to write; what lies beside it is named after it.
  ///   - replaces: whether files that are there may be replaced.
  /// - Throws: `FileProblem` when one is there and may not, or is none of Norma's.
  public init(
    model: ModelFolder, output: String, replaces: Bool, _ context: JobContext
  ) throws {
    (self.model, self.output, self.context) = (model, output, context)
    try OutputFile(output, .graph).check(replaces: replaces)
    try OutputFile(picturePath, .referencePicture).check(replaces: replaces)
    try OutputFile(expectationPath, .expectation).check(replaces: replaces)
  }

  /// The path without `.onnx`, before which nothing is taken for an extension.
  private var stem: String {
    output.lowercased().hasSuffix(".onnx") ? String(output.dropLast(5)) : output
  }
  private var picturePath: String { stem + ".reference.png" }
  private var expectationPath: String { stem + ".reference.json" }

  /// - Throws: `Interrupted` when a stop is requested, `FileProblem`, `DetectionError` when the graph is none
  ///   of Norma's.
  public func run() throws {
    let manifest = model.manifest
    let calibration = try model.calibration()
    let rule = try calibration.decisionRule()
    // Other runtimes compute in 32-bit floats where nobody tells them otherwise.
    let detector = try Detector(model: model, options: .init(hint: .latency, precision: .f32))
    let side = manifest.imageSize
    let picture = Picture(
      width: side, height: side, rgb: ModelReference.picture(side: side))
    let detection = try detector.detect(picture, name: "the reference picture")
    let graph = try DecisionGraph.adding(
      rule, to: model.data(ModelFile.graph),
      metadata: ExportMetadata(manifest, calibration).pairs())
    let expectation = try Expectation(
      detection, of: picture, named: FilePath.name(picturePath), graph: graph, rule,
      verdict: calibration.verdict(
        path: picturePath, score: detection.score, feature: detection.feature),
      isQuantized: manifest.modelPrecision == .int8)
    try context.check("Stopped; nothing was written.")
    try AtomicFile.write(PictureWriter.png(picture), to: picturePath)
    try AtomicFile.write(expectation.json(), to: expectationPath)
    try AtomicFile.write(graph, to: output)
    tell(outputs: Self.outputs(of: manifest, rule), calibration, rule)
  }

  private func tell(outputs: [String], _ calibration: Calibration, _ rule: DecisionRule?) {
    let size = model.manifest.imageSize
    context.note(
      "\(output): pictures uint8 [N, \(size), \(size), 3] → \(outputs.joined(separator: ", "))")
    let thresholds = calibration.categories.sorted { $0.key < $1.key }
    if !thresholds.isEmpty { context.note("A picture is anomalous when its score is above") }
    for (category, threshold) in thresholds { context.note("  \(threshold.value)  \(category)") }
    if rule == nil {
      context.note("The model is uncalibrated, so the graph gives scores and no verdicts.")
    }
    context.note("What it has to give for \(picturePath): \(expectationPath)")
  }

  private static func outputs(of manifest: Manifest, _ rule: DecisionRule?) -> [String] {
    var outputs = [GraphPort.anomalyMap, GraphPort.score, GraphPort.feature]
    if manifest.recipe.perceives {
      outputs += [GraphPort.suspicion, GraphPort.probability, GraphPort.uncertaintyMap]
    }
    guard let rule else { return outputs }
    if rule.features != nil { outputs.append(GraphPort.category) }
    outputs.append(GraphPort.level)
    if rule.tellsUnknown { outputs.append(GraphPort.unknown) }
    return outputs + [GraphPort.anomalous]
  }
}

/// What an exported graph has to give for its reference picture.
private struct Expectation: Encodable {
  struct Outputs: Encodable {
    var score: Float
    /// Of models that recognise categories: the index, and the name that stands for it.
    var category: Int?
    var categoryName: String?
    /// nil of uncalibrated models, as `anomalous`.
    var level: Double?
    /// nil of models that cannot tell.
    var unknown: Bool?
    var anomalous: Bool?
    /// The largest value of the anomaly map.
    var mapPeak: Float
    /// The map's means over an even grid, row by row.
    var mapCells: [Float]
    var mapRows = ModelReference.cells
    var mapColumns = ModelReference.cells
    var feature: [Float]
  }

  /// The picture's file, which lies beside this one.
  var picture: String
  /// SHA-256 of its pixels, `[S, S, 3]`, RGB, once it is decoded.
  var pixels: String
  /// SHA-256 of the graph's file.
  var graph: String
  var outputs: Outputs
  /// How far each may be off, as a share of its largest value; a category and the truth values may not.
  var tolerance: ModelReference.Deviation

  init(
    _ detection: PictureDetection, of picture: Picture, named name: String, graph: Data,
    _ rule: DecisionRule?, verdict: Verdict, isQuantized: Bool
  ) {
    let reference = ModelReference(
      of: picture.rgb, imageSize: picture.width, score: detection.score,
      map: detection.map.values, feature: detection.feature, isQuantized: isQuantized)
    self.picture = name
    pixels = reference.picture
    self.graph = Digest.sha256(graph)
    let category = rule?.features == nil ? nil : verdict.category
    outputs = Outputs(
      score: reference.score, category: category.flatMap { rule?.categories.firstIndex(of: $0) },
      categoryName: category, level: verdict.level,
      unknown: rule?.tellsUnknown == true ? verdict.unknown ?? false : nil,
      anomalous: verdict.anomalous, mapPeak: reference.peak, mapCells: reference.map,
      feature: reference.feature)
    tolerance = reference.tolerance(bf16: false)
  }

  func json() throws -> Data {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    return try encoder.encode(self)
  }
}
