import Foundation
import NormaCore
import NormaFiles
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
    /// The arithmetic; nil is the model's own, which it was calibrated in. One that is named is used as it
    /// is: what the model keeps of its reference picture is then not held against it.
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
  /// The arithmetic: the one that was asked for, or float32 where that one computes something else here.
  public let precision: Precision
  /// What a person should know of this model on this machine, found by its reference picture; nil when there
  /// is nothing.
  public let caution: String?
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
    let reference = try model.reference()
    var options = options
    // What nobody checks is not kept where what was checked is looked for.
    if reference != nil, options.precision != nil { options.cacheFolder = nil }
    try self.init(
      graph: model.data(ModelFile.graph), name: "\(model.path)/\(ModelFile.graph)",
      imageSize: model.manifest.imageSize, precision: options.precision ?? own, options: options,
      reference: options.precision == nil ? reference : nil)
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
  ///
  /// - Parameter reference: what the graph gives for the reference picture, which is held against what it
  ///   gives here when it is compiled for the first time. Where bf16 gives something else, float32 is used
  ///   instead, which ``caution`` says; where float32 does, too, it is an error.
  public init(
    graph: Data, name: String, imageSize: Int, precision: Precision, options: Options = Options(),
    reference: ModelReference? = nil
  ) throws {
    self.imageSize = imageSize
    (compiled, self.precision, caution) = try Self.compiled(
      graph, name: name, imageSize: imageSize, precision: precision, options, reference)
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
  public func detect(_ picture: Picture, name: String = "the picture") throws -> PictureDetection {
    try session().detect(picture, name: name)
  }

  /// Buffers for one picture after another, to be used by one thread.
  public func session() throws -> DetectionSession {
    try DetectionSession(
      request: compiled.makeRequest(), imageSize: imageSize, perceives: perceives, noise: noise)
  }

  /// Whether the model perceives anomalies apart from its score, and so knows how sure a verdict is.
  public var perceives: Bool { Self.perceives(compiled) }

  static func perceives(_ compiled: CompiledModel) -> Bool {
    compiled.outputs.contains { $0.name == GraphPort.suspicion }
  }

  static func check(_ model: CompiledModel, imageSize: Int, name: String) throws {
    func port(
      _ wanted: String, _ ports: [OpenVINO.Port], _ shape: [Int?], _ type: OpenVINO.ElementType
    )
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

/// A picture file and what became of it.
public enum FileDetection: Sendable {
  case detected(PictureDetection)
  /// It could not be read.
  case unreadable(FileProblem)
}

extension Detector {
  /// Inspects picture files, several at once, and hands the results over in the order of `paths`, on
  /// the calling thread. A picture that cannot be read does not stop the others; anything else that
  /// goes wrong, and whatever `deliver` throws, does. Memory is bounded however many files there are.
  public func detect(
    _ paths: [String], reader: PictureReader = PictureReader(),
    deliver: (Int, FileDetection) throws -> Void
  ) throws {
    try detect(paths, reader: reader, refine: { _, detection in detection }, deliver: deliver)
  }

  /// The same with `refine`, which is called on the working threads, side by side, to make of each
  /// detection what is to be delivered. A `disturbance` changes each picture before the network sees it.
  func detect<Refined: Sendable>(
    _ paths: [String], reader: PictureReader, disturbance: Disturbance? = nil,
    refine: @escaping @Sendable (Int, FileDetection) throws -> Refined,
    deliver: (Int, Refined) throws -> Void
  ) throws {
    // One more than the requests, so that one decodes while the others compute.
    let workers = try paths.count == 1 ? 1 : optimalConcurrency() + 1
    try OrderedPipeline.run(count: paths.count, workers: workers) { [self] in
      let session = try session()
      let size = imageSize
      return { item in
        try refine(item, Self.detect(paths[item], reader, session, size, disturbance))
      }
    } deliver: {
      try deliver($0, $1)
    }
  }

  private static func detect(
    _ path: String, _ reader: PictureReader, _ session: DetectionSession, _ imageSize: Int,
    _ disturbance: Disturbance?
  ) throws -> FileDetection {
    var picture: Picture
    do {
      picture = try reader.read(path, size: imageSize)
    } catch let problem as FileProblem {
      return .unreadable(problem)
    }
    if let disturbance { picture = try picture.disturbed(by: disturbance, path: path) }
    return .detected(try session.detect(picture, name: path))
  }
}

/// One request of a detector with its buffers, for one thread.
public final class DetectionSession {
  private let request: InferRequest
  let imageSize: Int
  private let perceives: Bool
  private let noise: DetectionNoise?

  init(
    request: InferRequest, imageSize: Int, perceives: Bool, noise: DetectionNoise? = nil
  ) {
    self.request = request
    self.imageSize = imageSize
    self.perceives = perceives
    self.noise = noise
  }

  /// What the network says of a picture of its size. Throws `DetectionError` when the picture has
  /// another size or the result is not a number; `name` stands for the picture there.
  public func detect(_ picture: Picture, name: String) throws -> PictureDetection {
    guard picture.width == imageSize, picture.height == imageSize else {
      throw DetectionError(
        "\(name): \(picture.width)×\(picture.height) pixels; the network takes "
          + "\(imageSize)×\(imageSize)")
    }
    try request.setInput(GraphPort.pictures, picture.rgb, shape: [1, imageSize, imageSize, 3])
    if let noise {
      try request.setInput(GraphPort.noise, noise.values(for: name), shape: noise.shape)
    }
    try request.infer()
    let map = try values(of: GraphPort.anomalyMap, name: name)
    let score = try values(of: GraphPort.score, name: name)
    return PictureDetection(
      score: score[0], map: AnomalyMap(width: imageSize, height: imageSize, values: map),
      feature: try values(of: GraphPort.feature, name: name), original: picture.original,
      perceived: try perceives ? perceived(name) : nil)
  }

  private func perceived(_ name: String) throws -> PicturePerception {
    let probability = try request.output(GraphPort.probability)
    return try PicturePerception(
      suspicion: values(of: GraphPort.suspicion, name: name)[0],
      probability: AnomalyMap(
        width: probability.shape[2], height: probability.shape[1],
        values: finite(probability.values, of: GraphPort.probability, name: name)),
      uncertainty: AnomalyMap(
        width: imageSize, height: imageSize,
        values: values(of: GraphPort.uncertaintyMap, name: name)))
  }

  private func values(of output: String, name: String) throws -> [Float] {
    try finite(request.output(output).values, of: output, name: name)
  }

  private func finite(_ values: [Float], of output: String, name: String) throws -> [Float] {
    guard values.allSatisfy(\.isFinite) else {
      let count = values.count { !$0.isFinite }
      throw DetectionError(
        "\(name): \(count) of \(values.count) values of the model's '\(output)' are not finite "
          + "numbers; the model's weights are damaged, or its training diverged: train it again")
    }
    return values
  }
}

/// A graph that is not what Norma exports, or gives what is not a number.
public struct DetectionError: Error, CustomStringConvertible, Sendable, Equatable {
  public let description: String

  init(_ description: String) { self.description = description }
}
