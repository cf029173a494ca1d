import Foundation
import Norma
import NormaBenchmark
import NormaCore
import NormaFiles
import NormaTraining
import OpenVINO
import Torch

/// `norma benchmark`: a plan worked through on a data set, and its table.
public struct BenchmarkJob {
  /// What somebody wants of a plan.
  public struct Request {
    /// Its name or file.
    public var plan: String
    /// A folder or a .csv table; nil: the plan's own.
    public var dataset: String?
    /// The folder to write; nil: the plan's name, `.benchmark`.
    public var output: String?
    public var options: PlanOptions
    public var use: BenchmarkOutput.Use
    /// Remove each model after its tests.
    public var discardsModels: Bool
    public var reader: PictureReader

    public init(
      plan: String, dataset: String? = nil, output: String? = nil,
      options: PlanOptions = PlanOptions(), use: BenchmarkOutput.Use = .runs,
      discardsModels: Bool = false, reader: PictureReader = PictureReader()
    ) {
      (self.plan, self.dataset, self.output) = (plan, dataset, output)
      (self.options, self.use) = (options, use)
      (self.discardsModels, self.reader) = (discardsModels, reader)
    }
  }

  /// A run and whether it is done.
  public typealias Listed = (run: BenchmarkRun, isDone: Bool)

  private let plan: BenchmarkPlan
  private let name: String
  private let rows: [BenchmarkRow]
  private let chosen: [BenchmarkRow]
  private let dataset: Dataset
  private let output: BenchmarkOutput
  private let engine: DatasetPlanEngine
  private let context: JobContext

  /// Everything that can be wrong is found here, before any work starts, the pictures looked at last.
  public init(_ request: Request, _ context: JobContext) throws {
    let file = try ShippedFiles.plans.find(request.plan)
    plan = try request.options.applied(to: BenchmarkPlan.read(file))
    let read = try DatasetReader.read(
      Self.source(request, plan, file: file), by: request.reader)
    rows = try plan.rows(categories: read.categories, file: file)
    chosen = try request.options.chosen(of: rows, file: file)
    let used = Set(rows.flatMap { $0.runs.flatMap(\.categories) })
    dataset = try read.selecting(categories: used.sorted())
      .readable(by: request.reader, context)
    try dataset.validateForEvaluation()
    name = FilePath.stem(file)
    output = try BenchmarkOutput(
      FilePath.absolute(request.output ?? "\(name).benchmark"), for: request.use)
    engine = DatasetPlanEngine(
      plan: name, dataset: dataset, output: output, reader: request.reader,
      discardsModels: request.discardsModels,
      fingerprints: try BenchmarkFingerprints(dataset, reader: request.reader, context), context)
    self.context = context
  }

  /// The data set's path; one that the plan names is seen from the plan's folder.
  private static func source(
    _ request: Request, _ plan: BenchmarkPlan, file: String
  ) throws -> String {
    if let dataset = request.dataset { return dataset }
    guard let named = plan.dataset else {
      throw FileProblem(
        path: file, reason: "the plan names no data set; give one: norma benchmark PLAN DATASET")
    }
    return named.hasPrefix("/")
      ? named : FilePath.parent(FilePath.absolute(file)) + "/" + named
  }

  private var runs: [BenchmarkRun] { rows.flatMap(\.runs) }

  /// The page of the table.
  public var page: String { output.page }

  /// Does what is left to do.
  /// - Returns: how many runs failed.
  /// - Throws: `Interrupted` when a stop is requested; the table of what is done is written.
  public func run() throws -> Int {
    let names = Set(chosen.map(\.name))
    do {
      return try PlanRunner(runs, by: engine, context, wanted: { names.contains($0.row) }).run()
    } catch let stop as Interrupted {
      try writeTable()
      throw stop
    }
  }

  /// The chosen runs, and which of them are done.
  public func list() throws -> [Listed] {
    try chosen.flatMap(\.runs).map { ($0, try engine.isDone($0)) }
  }

  /// Keeps the records of this plan's runs that another machine found.
  /// - Parameter folder: what `norma-train benchmark` wrote.
  /// - Throws: `FileProblem` when none is of this plan on these pictures.
  public func take(recordsIn folder: String) throws {
    let records = try BenchmarkRecord.all(in: folder)
    let wanted = Set(runs.map(engine.key))
    let taken = records.filter { wanted.contains($0.key) }
    guard !taken.isEmpty else {
      throw FileProblem(
        path: folder,
        reason:
          "\(counted(records.count, "record")), and none of a run of this plan on these pictures; "
          + "--seeds, --epochs and --minutes have to be those of 'norma-train benchmark', and both "
          + "Normas of one version")
    }
    for record in taken { try output.store.add(record) }
    let rest = records.count - taken.count
    context.aside(
      "took in \(counted(taken.count, "record"))"
        + (rest > 0 ? "; \(rest) are of other runs than this plan's on these pictures" : ""))
  }

  /// The table as far as it is done, written into the output folder too.
  /// - Returns: the table, and whether some pictures could not be read.
  @discardableResult
  public func writeTable() throws -> (summary: BenchmarkSummary, leftOutPictures: Bool) {
    let summary = try BenchmarkSummary(
      title: plan.title ?? name, dataset: FilePath.name(dataset.source), rows: rows,
      bootstrap: Bootstrap(resamples: plan.resamples)
    ) { try output.store.record(engine.key($0)) }
    let records = try runs.compactMap { run in
      try output.store.record(engine.key(run)).map { (row: run.row, record: $0) }
    }
    try output.write(summary, records: records)
    return (summary, records.contains { $0.record.unreadable > 0 })
  }
}

/// Trains and tests runs on a data set's files.
private final class DatasetPlanEngine: PlanEngine {
  private let plan: String
  private let dataset: Dataset
  private let output: BenchmarkOutput
  private let reader: PictureReader
  private let discardsModels: Bool
  private let fingerprints: BenchmarkFingerprints
  private let context: JobContext
  private var machine: String?

  init(
    plan: String, dataset: Dataset, output: BenchmarkOutput, reader: PictureReader,
    discardsModels: Bool, fingerprints: BenchmarkFingerprints, _ context: JobContext
  ) {
    (self.plan, self.dataset, self.output) = (plan, dataset, output)
    (self.reader, self.discardsModels) = (reader, discardsModels)
    (self.fingerprints, self.context) = (fingerprints, context)
  }

  func key(_ run: BenchmarkRun) -> String { fingerprints.key(of: run) }

  func isDone(_ run: BenchmarkRun) throws -> Bool { try output.store.contains(key(run)) }

  func measure(_ run: BenchmarkRun) throws -> BenchmarkRecord {
    let model = try model(of: run)
    try model.train()
    Machine.reusesMemory(0)
    let memory = PeakMemory()
    defer { memory.stop() }
    let folder = try ModelFolder.open(model.path)
    let found = try BenchmarkTest(
      run: run, model: folder, dataset: model.dataset, reader: reader, context: context
    ).found()
    for problem in found.evaluation.unreadable { context.aside("unreadable: \(problem)") }
    var record = BenchmarkRecord(
      run, plan: plan, key: key(run), dataset: dataset.source,
      fingerprint: fingerprints.ofTraining(run.categories), result: found.evaluation.result,
      pictures: found.evaluation.pictures.map { picture in
        ScoredPicture(
          path: FilePath.relative(picture.sample.path, to: dataset.root),
          category: picture.sample.category, isAnomalous: picture.sample.label.isAnomalous,
          score: picture.score, uncertainty: picture.uncertainty, flagged: picture.flagged,
          level: picture.level, unknown: picture.unknown)
      })
    let training = try TrainingRecord.read(from: folder)
    record.take(
      training?.losses ?? LossHistory(),
      trained: training?.trainingPictures ?? folder.manifest.data.pictures,
      heldOut: training?.heldOutPictures ?? 0)
    record.millisecondsPerPicture = found.millisecondsPerPicture
    record.peakAnonymousBytes = [model.measured?.peakAnonymousBytes, memory.bytes]
      .compactMap { $0 }.max()
    let usable = model.dataset.train.count { !$0.label.isAnomalous }
    let seen = record.trainingPictures + record.heldOutPictures
    record.unreadable = found.evaluation.unreadable.count + max(0, usable - seen)
    record.machine = try machineName()
    return record
  }

  /// Removes the run's model too, if that is wanted and no later run needs it.
  func keep(_ record: BenchmarkRecord, of run: BenchmarkRun, before rest: [BenchmarkRun]) throws {
    try output.store.add(record)
    let isNeeded = rest.contains {
      $0.categories == run.categories && $0.recipe.trainsSame(as: run.recipe)
    }
    if discardsModels, !isNeeded { try model(of: run).discard() }
  }

  /// Each reads its backbone for itself, so that the memory that is measured is its own.
  private func model(of run: BenchmarkRun) throws -> BenchmarkModel {
    BenchmarkModel(
      run: run, dataset: try dataset.selecting(categories: run.categories),
      path: output.modelPath(fingerprints.trainingKey(of: run)), reader: reader,
      weights: BackboneCache(), context: context)
  }

  private func machineName() throws -> String {
    if let machine { return machine }
    let found =
      "\(try Core().fullName()), \(counted(ProcessInfo.processInfo.activeProcessorCount, "core"))"
    machine = found
    return found
  }
}

/// Tests a run's model as `norma evaluate` does, and times it.
private struct BenchmarkTest {
  let run: BenchmarkRun
  let model: ModelFolder
  let dataset: Dataset
  let reader: PictureReader
  let context: JobContext

  struct Found {
    var evaluation: Evaluation
    /// Wall-clock time of detection, decoding included.
    var millisecondsPerPicture: Double
  }

  func found() throws -> Found {
    let detector = try detector()
    if let caution = detector.caution { context.warning(caution) }
    let evaluator = Evaluator(
      detector: detector, calibration: try model.calibration(), reader: reader)
    let stage = context.stage("Evaluating", total: dataset.test.count, unit: "pictures")
    defer { stage.clear() }
    let evaluation = try evaluator.evaluate(dataset) { done, _ in
      stage.update(done)
      try context.check(PlanRunner.stopped)
    }
    return Found(
      evaluation: evaluation, millisecondsPerPicture: try time(detector))
  }

  /// The model's detector; with noise on its features, one whose graph takes some.
  private func detector() throws -> Detector {
    guard let jitter = run.jitter else { return try Detector(model: model) }
    return try Detector(model: model, jitter: jitter, seed: UInt64(run.seed))
  }

  /// Detection alone, on pictures from all over the data set that the evaluation has just read.
  private func time(_ detector: Detector) throws -> Double {
    let paths = dataset.test.spread(64).map(\.path)
    let start = ContinuousClock.now
    try detector.detect(paths, reader: reader) { _, _ in try context.check(PlanRunner.stopped) }
    return 1000 * (ContinuousClock.now - start).seconds / Double(max(1, paths.count))
  }
}

extension BenchmarkFingerprints {
  /// Reads the pictures of a data set, or finds their digests from an earlier run.
  /// - Throws: `Interrupted` when a stop is requested, `FileProblem` when a file cannot be read.
  package init(_ dataset: Dataset, reader: PictureReader, _ context: JobContext) throws {
    self.init(
      training: [:], test: [:], reading: "oriented \(reader.appliesOrientation)")
    for category in dataset.categories {
      let samples = dataset.samples.filter { $0.category == category }
      let tested = samples.filter { $0.split == .test }
      let masks = tested.flatMap { sample in
        sample.masks.map { path -> Sample in
          var mask = sample
          mask.path = path
          return mask
        }
      }
      training[category] = try PictureFingerprint.of(
        samples.filter { $0.split == .train }, root: dataset.root, context)
      let files = try PictureFingerprint.of(tested + masks, root: dataset.root, context)
      test[category] = Digest.sha256(
        Data(([files] + Self.facts(tested, root: dataset.root)).joined(separator: "\n").utf8))
    }
  }

  /// What is said of the test pictures, which a table may say otherwise of the same files.
  private static func facts(_ samples: [Sample], root: String) -> [String] {
    samples.map { sample in
      ([sample.path] + sample.masks).map { FilePath.relative($0, to: root) }
        .joined(separator: "\t") + (sample.label.isAnomalous ? "\tanomalous" : "\tnormal")
    }.sorted()
  }
}
