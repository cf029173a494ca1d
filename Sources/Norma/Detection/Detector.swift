import Foundation
import NormaCore
import OpenVINO

/// A compiled model: pictures in, detections out. It may be shared by threads.
public final class Detector: Sendable {
  /// How a detector is set up.
  public struct Options: Sendable {
    /// Whether many pictures are to be inspected side by side, or one at a time as fast as possible.
    public var hint: CompileOptions.Hint
    /// Processor threads for inference; nil leaves it to OpenVINO.
    public var threads: Int?
    /// Where compiled models are kept; nil keeps none.
    public var cacheFolder: String?
    /// The arithmetic; nil is the model's own, which it was calibrated in.
    public var precision: Precision?
    /// What the noise of a graph that takes some is drawn from; other graphs take none.
    public var noiseSeed: UInt64

    public init(
      hint: CompileOptions.Hint = .throughput, threads: Int? = nil,
      cacheFolder: String? = Options.defaultCacheFolder, precision: Precision? = nil,
      noiseSeed: UInt64 = 0
    ) {
      self.hint = hint
      self.threads = threads
      self.cacheFolder = cacheFolder
      self.precision = precision
      self.noiseSeed = noiseSeed
    }

    /// `openvino` in Norma's own folder; nil when that cannot be written, which costs a second at
    /// every start but stops nothing.
    public static var defaultCacheFolder: String? {
      guard let folder = try? Home.folder("openvino") else { return nil }
      return access(folder, W_OK) == 0 ? folder : nil
    }
  }

  /// Side of the square that pictures are resized to, in pixels.
  public let imageSize: Int
  /// The arithmetic that was asked for.
  public let precision: Precision
  let compiled: CompiledModel
  /// Of a graph with a noise input: what measures a network's tolerance.
  let noise: DetectionNoise?

  /// Compiles the graph of a model. Throws when the graph does not take pictures of the manifest's
  /// size, lacks an output, or OpenVINO cannot compile it.
  public convenience init(model: ModelFolder, options: Options = Options()) throws {
    guard let own = model.manifest.modelPrecision?.arithmetic else {
      throw DetectionError(
        "\(model.path): the manifest's precision is '\(model.manifest.precision)'; "
          + ModelPrecision.allCases.map(\.rawValue).joined(separator: ", ") + " are known")
    }
    try self.init(
      graph: model.data(ModelFile.graph), name: "\(model.path)/\(ModelFile.graph)",
      imageSize: model.manifest.imageSize, precision: options.precision ?? own, options: options)
  }

  /// What a person should know who inspects with `model` on this machine; nil when there is nothing.
  public static func caution(for model: ModelFolder) -> String? {
    guard model.manifest.modelPrecision == .int8, !Processor.addsBytesExactly else { return nil }
    return
      "this processor has none of VNNI and AMX: sums of 8-bit products may overflow, so that an int8 "
      + "model's scores differ from those that its thresholds were set by. Check it by 'norma "
      + "evaluate', or export the model in bf16 or f32"
  }

  /// Compiles `graph`, the bytes of an ONNX model with
  /// - input `pictures`, uint8 `[batch, size, size, 3]`, RGB;
  /// - outputs `anomaly_map`, float `[batch, size, size]`, `score`, `[batch]`, and `feature`,
  ///   `[batch, channels]`; of models that perceive anomalies besides also `suspicion`, `[batch]`,
  ///   `probability`, `[batch, rows, columns]`, and `uncertainty_map`, `[batch, size, size]`.
  /// `name` stands for it in errors.
  public init(
    graph: Data, name: String, imageSize: Int, precision: Precision, options: Options = Options()
  ) throws {
    self.imageSize = imageSize
    self.precision = precision
    // Several pictures at once gain nothing on a processor; a known batch compiles to a faster graph.
    let compileOptions = CompileOptions(
      precision: precision, hint: options.hint, cacheFolder: options.cacheFolder,
      threads: options.threads, batch: 1)
    do {
      compiled = try Core().compile(onnx: graph, options: compileOptions)
    } catch {
      throw DetectionError("\(name): \(error)")
    }
    try Self.check(compiled, imageSize: imageSize, name: name)
    noise = compiled.inputs.first { $0.name == GraphPort.noise }
      .map { DetectionNoise(seed: options.noiseSeed, shape: $0.shape) }
  }

  /// How many pictures are best inspected side by side.
  public func optimalConcurrency() throws -> Int { try compiled.optimalRequestCount() }

  /// The arithmetic that the processor really uses, in OpenVINO's words.
  public func executionPrecision() throws -> String { try compiled.executionPrecision() }

  /// What the network says of one picture of the network's size; `name` stands for it in errors.
  /// Makes buffers for it alone: for many pictures use a `session`.
  public func detect(_ picture: Picture, name: String = "the picture") throws -> Detection {
    try session().detect(picture, name: name)
  }

  /// Buffers for one picture after another, to be used by one thread.
  public func session() throws -> DetectionSession {
    try DetectionSession(
      request: compiled.makeRequest(), imageSize: imageSize, perceives: perceives, noise: noise)
  }

  /// Whether the model perceives anomalies apart from its score, and so knows how sure a verdict is.
  public var perceives: Bool {
    compiled.outputs.contains { $0.name == GraphPort.suspicion }
  }

  private static func check(_ model: CompiledModel, imageSize: Int, name: String) throws {
    func port(_ wanted: String, _ ports: [OpenVINO.Port], _ shape: [Int?], _ type: ElementType)
      throws
    {
      guard let port = ports.first(where: { $0.name == wanted }) else {
        let names = ports.map(\.name).joined(separator: ", ")
        throw DetectionError("\(name): the graph has no '\(wanted)', only \(names)")
      }
      let fits =
        port.shape.count == shape.count
        && zip(port.shape, shape).allSatisfy { $0 > 0 && ($1 == nil || $0 == $1) }
      guard fits, port.type == type else {
        let expected = shape.map { $0.map(String.init) ?? "any" }.joined(separator: ", ")
        throw DetectionError(
          "\(name): '\(wanted)' is \(port.type.rawValue) \(port.shape), expected "
            + "\(type.rawValue) [\(expected)]")
      }
    }
    try port(GraphPort.pictures, model.inputs, [1, imageSize, imageSize, 3], .uint8)
    try port(GraphPort.anomalyMap, model.outputs, [1, imageSize, imageSize], .float32)
    try port(GraphPort.score, model.outputs, [1], .float32)
    try port(GraphPort.feature, model.outputs, [1, nil], .float32)
    if model.inputs.contains(where: { $0.name == GraphPort.noise }) {
      try port(GraphPort.noise, model.inputs, [1, nil, nil], .float32)
    }
    // All three or none: a model that has one without the others is not one of Norma's.
    if model.outputs.contains(where: { $0.name == GraphPort.suspicion }) {
      try port(GraphPort.suspicion, model.outputs, [1], .float32)
      try port(GraphPort.probability, model.outputs, [1, nil, nil], .float32)
      try port(GraphPort.uncertaintyMap, model.outputs, [1, imageSize, imageSize], .float32)
    }
  }
}

extension ModelPrecision {
  /// What OpenVINO is asked for. An int8 model says in its graph what is computed in integers; this is
  /// for the rest.
  public var arithmetic: Precision {
    switch self {
    case .f32: .f32
    case .bf16, .int8: .bf16
    }
  }
}
