import CommandLineBasics
import Foundation
import NormaCore
import NormaFiles
import NormaTraining
import Torch

/// Works through a plan on stored pictures: what is done stays done.
struct StoreBenchmark {
  private let name: String
  private let runs: [BenchmarkRun]
  private let stores: [Int: PictureStore]
  private let fingerprints: BenchmarkFingerprints
  private let folder: String
  private let part: BenchmarkPart
  private let keepsModels: Bool
  private let shelf: BackboneShelf
  private let features: StoreFeatures
  private let detectors = Detectors()
  private let cancellation: Cancellation

  private static let stopped =
    "Stopped. What is done is kept, the training under way too; the same command goes on."

  /// Everything that can be wrong is found here, before any work starts.
  init(_ command: BenchmarkFromStore, cancellation: Cancellation) throws {
    let file = try ShippedFiles.plans.find(command.plan)
    let plan = try command.wishes.applied(to: BenchmarkPlan.read(file))
    name = FilePath.stem(file)
    folder = FilePath.absolute(command.output)
    (part, keepsModels) = (command.part, command.keepModels)
    shelf = BackboneShelf(path: command.computing.weights)
    features = StoreFeatures(cancellation: cancellation)
    self.cancellation = cancellation
    (stores, fingerprints) = try Self.stores(command.stores)
    let known = Set(stores.values.flatMap(\.samples).map(\.category)).sorted()
    let rows = try plan.rows(categories: known, file: file)
    runs = try command.wishes.chosen(of: rows, file: file).flatMap(\.runs)
    for run in runs { _ = try training(of: run) }
    try FilePath.createFolder(folder)
  }

  private static func stores(
    _ paths: [String]
  ) throws -> ([Int: PictureStore], BenchmarkFingerprints) {
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
    return (stores, found)
  }

  private func training(of run: BenchmarkRun) throws -> StoreTraining {
    let size = run.recipe.backbone.imageSize
    guard let store = stores[size] else {
      throw FileProblem(
        path: stores.values.map(\.path).sorted().joined(separator: ", "),
        reason:
          "the row '\(run.row)' wants pictures of \(size) pixels; give a store of them too, by "
          + "'norma store … --test --image-size \(size)'")
    }
    let model = "\(folder)/\(fingerprints.trainingKey(of: run).prefix(16)).norma"
    let started = FilePath.exists(
      TrainingOutput(model: model, resume: true, force: false).checkpoint)
    return try StoreTraining(
      run.recipe, pictures: store, categories: run.categories, shelf: shelf,
      output: TrainingOutput(model: model, resume: started, force: false),
      cancellation: cancellation, stopped: Self.stopped)
  }

  /// Does what is left to do; a run that fails stops no other.
  /// - Returns: how many failed.
  func run() throws -> Int {
    var failures = 0
    var trainings: [String: Int] = [:]
    for run in runs {
      let training = fingerprints.trainingKey(of: run)
      trainings[training] = trainings[training] ?? trainings.count
    }
    for (index, run) in runs.enumerated() {
      // All that is tested of a training stays together.
      guard part.holds(trainings[fingerprints.trainingKey(of: run)] ?? 0) else { continue }
      let key = fingerprints.key(of: run)
      if FilePath.exists(BenchmarkRecord.path(of: key, in: folder)) { continue }
      try cancellation.check(Self.stopped)
      let title = "\(run.row), seed \(run.seed): \(run.categories.joined(separator: ", "))"
      Terminal.say("\n[\(index + 1)/\(runs.count)] \(title)")
      do {
        try measure(run, key: key)
      } catch let stop as Interrupted {
        throw stop
      } catch {
        failures += 1
        Messages.say("error: \(title): \(error)")
      }
    }
    return failures
  }

  private func measure(_ run: BenchmarkRun, key: String) throws {
    let training = try training(of: run)
    let lock = try training.output.lockedWorkFolder()
    defer { withExtendedLifetime(lock) {} }
    let (trained, calibration) = try detector(of: run, training)
    let tests = training.pictures.tests.filter { run.categories.contains($0.category) }
    let progress = ProgressLine("Evaluating", total: tests.count, unit: "pictures")
    defer { progress.clear() }
    let found = try StoreEvaluator(
      trained, pictures: training.pictures, jitter: run.jitter, seed: UInt64(run.seed)
    ).evaluate(tests, calibration: calibration) {
      progress.update($0)
      try cancellation.check(Self.stopped)
    }
    let record = record(run, key: key, training, trained, found)
    try record.write(into: folder)
    Terminal.say(record.summary)
    // Until its last test is recorded a training can be had again from its checkpoint.
    let detectorKey = fingerprints.trainingKey(of: run)
    if isNeeded(detectorKey, after: run) {
      detectors.known[detectorKey] = (trained, calibration)
    } else {
      detectors.known[detectorKey] = nil
      training.output.removeWorkFolder()
    }
  }

  /// The trained detector of a run, from an earlier run where that had the same.
  private func detector(
    of run: BenchmarkRun, _ training: StoreTraining
  ) throws -> (TrainedDetector, Calibration) {
    if let known = detectors.known[fingerprints.trainingKey(of: run)] { return known }
    let trained = try training.trained(features: features)
    let calibration = try training.calibration(of: trained)
    if keepsModels { try training.write(trained, calibration) }
    return (trained, calibration)
  }

  /// Whether a later run has still to test the detector of `training`.
  private func isNeeded(_ training: String, after run: BenchmarkRun) -> Bool {
    let place = runs.firstIndex(of: run) ?? 0
    return runs[(place + 1)...].contains {
      fingerprints.trainingKey(of: $0) == training
        && !FilePath.exists(BenchmarkRecord.path(of: fingerprints.key(of: $0), in: folder))
    }
  }

  /// Detectors that a later run tests too.
  private final class Detectors {
    var known: [String: (TrainedDetector, Calibration)] = [:]
  }

  private func record(
    _ run: BenchmarkRun, key: String, _ training: StoreTraining, _ trained: TrainedDetector,
    _ found: StoreEvaluator.Found
  ) -> BenchmarkRecord {
    var record = BenchmarkRecord(
      run, plan: name, key: key, dataset: training.pictures.origin.root,
      fingerprint: fingerprints.ofTraining(run.categories), result: found.result,
      pictures: found.pictures)
    let history = trained.network.history
    record.trainingPictures = trained.pictures.training.count
    record.heldOutPictures = trained.pictures.heldOut.count
    record.trainingSeconds = history.seconds
    record.epochs = history.epochs.count
    record.steps = history.steps
    record.losses = BenchmarkRecord.losses(
      history.epochs.enumerated().map { ($0 + 1, $1.training, $1.heldOut) })
    record.unreadable = run.categories.reduce(0) { $0 + (training.pictures.leftOut[$1] ?? 0) }
    record.machine = "\(Machine.device.rawValue), LibTorch \(Machine.version)"
    return record
  }
}
