import Foundation
import Networks
import NormaCore
import NormaFiles
import Torch

/// Where a training's pictures are, and the engine that sees them: files by OpenVINO, or a store of
/// decoded pictures by LibTorch.
public protocol TrainingSource: FeatureSource {
  /// The normal pictures whose features are wanted, in order.
  func samples(for prepared: PreparedRecipe) -> [Sample]

  /// Which of `samples` are trained on: those of the training's categories that have features.
  /// - Throws: `FileProblem` when a category has nothing left.
  func usable(_ features: FeatureCache.Entry, _ samples: [Sample], _ context: JobContext) throws
    -> [Int]

  /// The fingerprint of the normal pictures, for the manifest.
  func fingerprint() throws -> String

  /// The folder that the pictures' names are relative to.
  var root: String { get }

  /// The same as a checkpoint knows it.
  var checkpointRoot: String { get }

  /// Whether pictures are turned as their EXIF orientation says.
  var exifOrientation: Bool { get }

  /// What pictures are recognised by later.
  /// - Throws: `Interrupted` with `stopped` when a stop is requested.
  func contents(
    of samples: [Sample], imageSize: Int, _ context: JobContext, stopped: String
  ) throws -> [TrainingPictures.Content]

  /// What scores normal pictures with the trained network, in the precision that it will inspect in.
  /// - Parameter graph: the recorded detector, for an engine that runs it.
  func inspector(
    of trained: TrainedDetector, graph: RecordedGraph, _ context: JobContext, stopped: String
  ) throws -> ([Sample]) throws -> NormalPictures

  /// The fastest precision in which the trained network agrees with float32 here, for recipes that leave it
  /// open. Says which it is, and why.
  /// - Parameter graph: the recorded detector, for an engine that runs it.
  func fastestPrecision(
    of trained: TrainedDetector, graph: RecordedGraph, _ context: JobContext, stopped: String
  ) throws -> ModelPrecision

  /// What belongs into the model folder besides, such as its page.
  func report(
    on trained: TrainedDetector, _ manifest: Manifest, _ record: TrainingRecord,
    _ calibration: Calibration, title: String
  ) throws -> [String: Data]
}

/// A training from pictures to a model folder. What it needs is prepared; from here it is one way down:
/// features, network, graph, thresholds, folder.
public struct TrainingJob {
  public let prepared: PreparedRecipe
  public let source: any TrainingSource
  public let output: TrainingOutput
  public let settings: TrainingSettings
  /// Whose network is taken; nil: one is trained.
  public let reused: ReusedNetwork?
  /// What is said when the training was stopped: what was kept, and how to go on.
  public let stopped: String
  public let context: JobContext
  private let cache: FeatureCache

  /// - Parameters:
  ///   - picturesPerEpoch: where that is not each picture once.
  ///   - stopped: nil: what the output says.
  ///   - cache: of features; nil: one of its own.
  /// - Throws: `FileProblem` when another network would have been trained than the one that is to be
  ///   reused. Whether the output may be written is the caller's to ask.
  public init(
    _ prepared: PreparedRecipe, source: any TrainingSource, output: TrainingOutput,
    picturesPerEpoch: Int? = nil, reused: ReusedNetwork? = nil, stopped: String? = nil,
    cache: FeatureCache? = nil, _ context: JobContext
  ) throws {
    try reused?.check(prepared)
    var settings = try TrainingSettings(prepared.recipe.training)
    settings.picturesPerEpoch = picturesPerEpoch
    self.settings = settings
    (self.prepared, self.source, self.output) = (prepared, source, output)
    (self.reused, self.context) = (reused, context)
    self.cache = cache ?? FeatureCache(context)
    self.stopped =
      prepared.method is any FittedMethod || reused != nil
      ? "Stopped. The features are kept; the same command begins with them."
      : stopped ?? output.stopped
  }

  /// Trains, calibrates, and writes the model folder as one.
  ///
  /// - Parameter begun: called once nobody else can write the output.
  /// - Throws: `Interrupted` when a stop is requested; the output's checkpoint holds the state.
  public func run(begun: () -> Void = {}) throws {
    let lock = try output.lockedWorkFolder()
    defer { withExtendedLifetime(lock) {} }
    // Looking at the pictures takes a while, in which another command may have written it.
    try output.check()
    begun()
    let trained = try trained()
    let graph = RecordedGraph(of: trained)
    let calibration = try calibration(of: trained, graph)
    let hasPage = try write(trained, graph, calibration)
    context.note(calibration.summary)
    context.note("Model: \(output.model)")
    if hasPage { context.note("Page:  \(output.model)/\(ModelFile.report)") }
    output.removeWorkFolder()
  }

  /// Trains the network, or takes it from the model whose it is. The work folder is to be locked.
  public func trained() throws -> TrainedDetector {
    let samples = source.samples(for: prepared)
    let features = try cache.features(of: samples, for: prepared, from: source)
    let stage = context.stage("Comparing the pictures", total: samples.count, unit: "pictures")
    defer { stage.clear() }
    let split = try SplitPictures(
      features.store, samples: samples,
      usable: try source.usable(features, samples, context), recipe: prepared.recipe,
      past: reused.map { try .init($0.model, root: source.root) },
      progress: {
        try context.check(stopped)
        stage.update($0)
      })
    stage.clear()
    split.survey.tell(
      pictures: split.training.count + split.heldOut.count, root: source.root, context)
    var trained = TrainedDetector(
      prepared: prepared, pictures: split, network: try network(split, features: features.key))
    if prepared.recipe.scoring.precision == .auto {
      trained.precision = try source.fastestPrecision(
        of: trained, graph: RecordedGraph(of: trained), context, stopped: stopped)
    }
    return trained
  }

  private func network(_ split: SplitPictures, features: String) throws -> TrainedNetwork {
    if let reused {
      let network = try reused.network(fingerprint: source.fingerprint())
      context.note("The network is that of \(reused.model.path); it is not trained again.")
      return network
    }
    return try TrainingRun(
      recipe: prepared.recipe, method: prepared.method, pictures: split, settings: settings,
      output: output, stopped: stopped, context: context
    ).network(features: features, root: source.checkpointRoot)
  }

  /// Thresholds in the precision that the model inspects in.
  public func calibration(
    of trained: TrainedDetector, _ graph: RecordedGraph
  ) throws -> Calibration {
    try ModelCalibration(
      recipe: prepared.recipe, method: prepared.method.crossFitted(after: trained.network),
      pictures: trained.pictures, settings: settings, context: context, stopped: stopped,
      inspect: source.inspector(of: trained, graph: graph, context, stopped: stopped)
    ).calibration()
  }

  /// Writes the model folder.
  /// - Returns: whether it has a page.
  @discardableResult
  public func write(
    _ trained: TrainedDetector, _ graph: RecordedGraph, _ calibration: Calibration
  ) throws -> Bool {
    let manifest = trained.manifest(
      fingerprint: try source.fingerprint(), root: source.root,
      exifOrientation: source.exifOrientation)
    let record = try record(of: trained)
    var own = [
      ModelFile.graph: try graph.data(), ModelFile.weights: try trained.weights(),
      ModelFile.calibration: try calibration.json(), ModelFile.training: try record.json(),
      ModelFile.trainingPictures: try trainingPictures(of: trained).json(),
    ]
    own[ModelFile.reference] = try graph.reference()?.json()
    let report = try source.report(
      on: trained, manifest, record, calibration, title: FilePath.stem(output.model))
    try ModelFolder.write(
      to: output.model, manifest: manifest, files: own.merging(report) { own, _ in own },
      replacing: true)
    return report[ModelFile.report] != nil
  }

  /// What the pictures that the network has seen are recognised by; of a network that was taken, its own.
  private func trainingPictures(of trained: TrainedDetector) throws -> TrainingPictures {
    if let reused, let known = try TrainingPictures.read(from: reused.model) { return known }
    let size = prepared.trunk.imageSize
    return TrainingPictures(
      try source.contents(
        of: trained.pictures.training, imageSize: size, context, stopped: stopped),
      imageSize: size)
  }

  /// What is remembered of the training; of a network that was taken, its own.
  private func record(of trained: TrainedDetector) throws -> TrainingRecord {
    if let record = try reused?.record() { return record }
    let isFit = prepared.method is any FittedMethod
    var record = TrainingRecord(
      losses: trained.network.history, trainingPictures: trained.pictures.training.count,
      heldOutPictures: trained.pictures.heldOut.count, seed: prepared.recipe.training.seed,
      precision: settings.bf16 && !isFit ? .bf16 : .float32,
      machine: TrainingRecord.Machine(
        processor: Machine.processor, cores: ProcessInfo.processInfo.activeProcessorCount,
        device: Machine.device.rawValue),
      engineVersion: "LibTorch \(Machine.version)")
    record.scenes = trained.pictures.survey.scenes
    record.heldOutNames = trained.pictures.heldOut.map {
      FilePath.relative($0.path, to: source.root)
    }.sorted()
    if reused != nil {
      // It was trained elsewhere, and nobody kept how.
      (record.machine, record.engineVersion, record.precision) = (nil, nil, nil)
      record.finished = nil
    }
    return record
  }
}

/// The training of a session: from split pictures to a network, with its checkpoint, its progress, and its
/// way to stop.
public struct TrainingRun {
  public let recipe: Recipe
  public let method: any LearningMethod
  public let pictures: SplitPictures
  public let settings: TrainingSettings
  public let output: TrainingOutput
  /// What an interruption says: what was kept, and how to go on.
  public let stopped: String
  public let context: JobContext

  public init(
    recipe: Recipe, method: any LearningMethod, pictures: SplitPictures,
    settings: TrainingSettings, output: TrainingOutput, stopped: String,
    context: JobContext
  ) {
    self.recipe = recipe
    self.method = method
    self.pictures = pictures
    self.settings = settings
    self.output = output
    self.stopped = stopped
    self.context = context
  }

  /// Trains to the end.
  ///
  /// - Parameters:
  ///   - features: the key of everything that the features depend on.
  ///   - root: the folder that the pictures' names are relative to.
  /// - Throws: `Interrupted` when a stop is requested; the checkpoint holds the state.
  public func network(features: String, root: String) throws -> TrainedNetwork {
    let training = try method.training(
      on: pictures.data, settings: settings,
      fingerprint: fingerprint(features: features, root: root))
    if output.force { try? FileManager.default.removeItem(atPath: output.checkpoint) }
    if output.resume {
      context.note(
        try training.resumed(from: output.checkpoint).map { "Going on after \($0)." }
          ?? "There is nothing to resume; training starts anew.")
    }
    context.note(
      "Training \(recipe.title): \(counted(pictures.training.count, "picture")), "
        + "\(pictures.heldOut.count) held out, \(training.summary)")
    let progress = context.stage("Training", total: training.steps, unit: "steps")
    defer { progress.clear() }
    var told = 0
    let outcome = try training.train(
      checkpoint: output.checkpoint, checkpointSeconds: recipe.training.checkpointEvery * 60,
      shouldStop: { context.isStopRequested },
      report: {
        progress.update($0.done, detail: $0.detail)
        for warning in training.warnings.dropFirst(told) { context.warning(warning) }
        told = training.warnings.count
      })
    switch outcome {
    case .finished(let network):
      progress.finish()
      return network
    case .interrupted: throw Interrupted(stopped)
    }
  }

  /// Everything that the weights depend on: a training goes on from its own state only.
  private func fingerprint(features: String, root: String) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    let facts =
      [
        features, recipe.yaml, Machine.version,
        String(decoding: try encoder.encode(settings), as: UTF8.self),
      ]
      + (pictures.training + pictures.heldOut).map {
        "\($0.category)\t\(FilePath.relative($0.path, to: root))"
      } + ["\(pictures.training.count)"]
      // A checkpoint of before the least spread of a channel goes on where there was none to raise.
      + (pictures.survey.constantChannels.contains { !$0.isEmpty }
        ? ["least spread \(Standardization.floor)"] : [])
    return Digest.sha256(Data(facts.joined(separator: "\n").utf8))
  }
}

/// A trained network's graph, recorded when it is first asked for, and what it has to give for the reference
/// picture.
public final class RecordedGraph {
  private let trained: TrainedDetector
  private var recorded: Data?
  private var computed: ModelReference??

  public init(of trained: TrainedDetector) { self.trained = trained }

  /// The bytes of `graph.onnx`.
  public func data() throws -> Data {
    if let recorded { return recorded }
    let graph = try trained.graph()
    recorded = graph
    return graph
  }

  /// See ``TrainedDetector/reference()``.
  public func reference() throws -> ModelReference? {
    if let computed { return computed }
    let reference = try trained.reference()
    computed = .some(reference)
    return reference
  }
}
