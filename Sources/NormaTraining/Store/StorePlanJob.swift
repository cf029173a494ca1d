import Foundation
import Networks
import NormaCore
import NormaFiles
import Torch

/// `norma-train benchmark`: a plan worked through on stores of pictures, by LibTorch alone.
public struct StorePlanJob {
  private let runner: PlanRunner

  /// Everything that can be wrong is found here, before any work starts.
  ///
  /// - Parameters:
  ///   - plan: its name or file.
  ///   - stores: files, one for each size of pictures that the plan's recipes want.
  ///   - folder: gets a file for each run.
  ///   - weights: the backbones': a file, or a folder that holds them by their usual names.
  ///   - part: which of the trainings are done here.
  public init(
    plan: String, stores: [String], options: PlanOptions, output folder: String,
    weights: String? = nil, part: PlanPart = PlanPart(), keepsModels: Bool = false,
    _ context: JobContext
  ) throws {
    let file = try ShippedFiles.plans.find(plan)
    let plan = try options.applied(to: BenchmarkPlan.read(file))
    let pictures = try StoresOfPictures(stores)
    let rows = try plan.rows(categories: pictures.categories, file: file)
    let runs = try options.chosen(of: rows, file: file).flatMap(\.runs)
    let engine = StorePlanEngine(
      plan: FilePath.stem(file), pictures, folder: FilePath.absolute(folder), weights: weights,
      keepsModels: keepsModels, context)
    for run in runs { _ = try engine.training(of: run) }
    try FilePath.createFolder(engine.folder)
    runner = PlanRunner(
      runs, by: engine, context,
      wanted: part.holds(runs) { pictures.fingerprints.trainingKey(of: $0) })
  }

  /// Does what is left to do.
  /// - Returns: how many runs failed.
  public func run() throws -> Int { try runner.run() }
}

/// The same labelled pictures at several sizes.
struct StoresOfPictures {
  private let stores: [Int: PictureStore]
  let fingerprints: BenchmarkFingerprints

  init(_ paths: [String]) throws {
    var (stores, found): ([Int: PictureStore], BenchmarkFingerprints?) = ([:], nil)
    for path in paths {
      let store = try PictureStore(path: path)
      guard let fingerprints = store.origin.benchmark, !store.tests.isEmpty else {
        throw FileProblem(
          path: path,
          reason: "it holds no pictures to test with; make it anew with 'norma store … --test'")
      }
      if let found, found != fingerprints {
        throw FileProblem(path: path, reason: "its pictures are others than those of \(paths[0])")
      }
      if let other = stores[store.origin.imageSize] {
        throw FileProblem(path: path, reason: "its pictures are of the size of \(other.path)")
      }
      stores[store.origin.imageSize] = store
      found = fingerprints
    }
    guard let found else { throw FileProblem(path: "", reason: "no store of pictures is given") }
    (self.stores, fingerprints) = (stores, found)
  }

  var categories: [String] { Set(stores.values.flatMap(\.samples).map(\.category)).sorted() }

  /// The store that `run` trains and tests on.
  func store(for run: BenchmarkRun) throws -> PictureStore {
    let size = run.recipe.backbone.imageSize
    guard let store = stores[size] else {
      throw FileProblem(
        path: stores.values.map(\.path).sorted().joined(separator: ", "),
        reason:
          "the row '\(run.row)' wants pictures of \(size) pixels; give a store of them too, by "
          + "'norma store … --test --image-size \(size)'")
    }
    return store
  }
}

/// Trains and tests runs on stored pictures.
private final class StorePlanEngine: PlanEngine {
  /// A training with what came of it, for all runs that test it.
  private struct Finished {
    var trained: TrainedDetector
    var calibration: Calibration
  }

  let folder: String
  private let plan: String
  private let pictures: StoresOfPictures
  private let keepsModels: Bool
  private let weights: BackboneCache
  private let features: FeatureCache
  private let context: JobContext
  private var finished: [String: Finished] = [:]
  /// The work folder of the run at hand, from its training until its record is written.
  private var held: FileLock?

  init(
    plan: String, _ pictures: StoresOfPictures, folder: String, weights: String?,
    keepsModels: Bool, _ context: JobContext
  ) {
    (self.plan, self.pictures, self.folder) = (plan, pictures, folder)
    (self.keepsModels, self.context) = (keepsModels, context)
    self.weights = BackboneCache(path: weights)
    features = FeatureCache(context)
  }

  private func key(_ run: BenchmarkRun) -> String { pictures.fingerprints.key(of: run) }
  private func trainingKey(_ run: BenchmarkRun) -> String {
    pictures.fingerprints.trainingKey(of: run)
  }

  /// Goes on with what an earlier process began.
  private func output(of run: BenchmarkRun) -> TrainingOutput {
    .goingOn("\(folder)/\(trainingKey(run).prefix(16)).norma")
  }

  func training(of run: BenchmarkRun) throws -> TrainingJob {
    let store = try pictures.store(for: run)
    let prepared = try PreparedRecipe(run.recipe, weights: weights)
    return try TrainingJob(
      prepared,
      source: PictureStoreSource(store, categories: run.categories, for: prepared),
      output: output(of: run),
      stopped: PlanRunner.stopped, cache: features, context)
  }

  func isDone(_ run: BenchmarkRun) -> Bool {
    FilePath.exists(BenchmarkRecord.path(of: key(run), in: folder))
  }

  func measure(_ run: BenchmarkRun) throws -> BenchmarkRecord {
    let training = try training(of: run)
    held = try training.output.lockedWorkFolder()
    do {
      return try tested(run, finished(run, training))
    } catch {
      // Neither is wanted by whatever comes next; the checkpoint gives the training back.
      (held, finished[trainingKey(run)]) = (nil, nil)
      throw error
    }
  }

  private func tested(_ run: BenchmarkRun, _ done: Finished) throws -> BenchmarkRecord {
    let store = try pictures.store(for: run)
    let tests = store.tests.filter { run.categories.contains($0.category) }
    let stage = context.stage("Evaluating", total: tests.count, unit: "pictures")
    defer { stage.clear() }
    let found = try StoreEvaluator(
      done.trained, pictures: store, jitter: run.jitter, seed: UInt64(run.seed)
    ).evaluate(tests, calibration: done.calibration) {
      stage.update($0)
      try context.check(PlanRunner.stopped)
    }
    return record(run, done.trained, found, store)
  }

  /// Until its last test is recorded a training can be had again from its checkpoint.
  func keep(_ record: BenchmarkRecord, of run: BenchmarkRun, before rest: [BenchmarkRun]) throws {
    defer { held = nil }
    try record.write(into: folder)
    let key = trainingKey(run)
    guard !rest.contains(where: { trainingKey($0) == key && !isDone($0) }) else { return }
    finished[key] = nil
    output(of: run).removeWorkFolder()
  }

  /// The trained detector of a run, from an earlier run where that had the same.
  private func finished(_ run: BenchmarkRun, _ training: TrainingJob) throws -> Finished {
    let key = trainingKey(run)
    if let known = finished[key] { return known }
    let trained = try training.trained()
    let graph = RecordedGraph(of: trained)
    let calibration = try training.calibration(of: trained, graph)
    if keepsModels { try training.write(trained, graph, calibration) }
    let done = Finished(trained: trained, calibration: calibration)
    finished[key] = done
    return done
  }

  private func record(
    _ run: BenchmarkRun, _ trained: TrainedDetector, _ found: StoreEvaluator.Found,
    _ store: PictureStore
  ) -> BenchmarkRecord {
    var record = BenchmarkRecord(
      run, plan: plan, key: key(run), dataset: store.origin.root,
      fingerprint: pictures.fingerprints.ofTraining(run.categories), result: found.result,
      pictures: found.pictures)
    record.take(
      trained.network.history, trained: trained.pictures.training.count,
      heldOut: trained.pictures.heldOut.count)
    record.unreadable = run.categories.reduce(0) { $0 + (store.leftOut[$1] ?? 0) }
    record.machine = "\(Machine.device.rawValue), LibTorch \(Machine.version)"
    return record
  }
}
