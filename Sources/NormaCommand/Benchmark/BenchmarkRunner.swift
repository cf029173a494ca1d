import CommandLineBasics
import Foundation
import Norma
import NormaBenchmark
import NormaCore
import NormaFiles
import OpenVINO
import Torch

/// Works through a plan: what is done stays done, what was interrupted goes on.
struct BenchmarkRunner {
  let plan: BenchmarkPlan
  /// What the plan is called.
  let name: String
  let rows: [BenchmarkRow]
  /// The rows among them that are to be run; the table is of all.
  let chosen: [BenchmarkRow]
  /// Looked at already, so that its pictures can be read.
  let dataset: Dataset
  let output: BenchmarkOutput
  let reader: PictureReader
  let discardsModels: Bool
  let cancellation: Cancellation
  let tell: (String) -> Void
  let fingerprints: BenchmarkFingerprints

  var runs: [BenchmarkRun] { rows.flatMap(\.runs) }

  /// Does what is left to do. A run that fails stops no other.
  /// - Returns: how many failed.
  func run() throws -> Int {
    var failures = 0
    let machine = "\(try Core().fullName()), \(ProcessInfo.processInfo.activeProcessorCount) cores"
    let names = Set(chosen.map(\.name))
    for (index, run) in runs.enumerated() where names.contains(run.row) {
      let key = fingerprints.key(of: run)
      if try output.store.contains(key) { continue }
      try cancellation.check(BenchmarkModel.stopped)
      tell("\n[\(index + 1)/\(runs.count)] \(title(run))")
      do {
        let record = try measure(run, key: key, machine: machine)
        try output.store.add(record)
        tell(record.summary)
        if discardsModels { try discardModel(of: run, after: index) }
      } catch let stop as Interrupted {
        throw stop
      } catch {
        failures += 1
        Messages.say("error: \(title(run)): \(error)")
      }
    }
    return failures
  }

  /// The table as far as it is done.
  func summary() throws -> BenchmarkSummary {
    try BenchmarkSummary(
      title: plan.title ?? name, dataset: FilePath.name(dataset.source), rows: rows,
      bootstrap: Bootstrap(resamples: plan.resamples)
    ) { try output.store.record(fingerprints.key(of: $0)) }
  }

  /// Every run that is done, by row.
  func records() throws -> [(row: String, record: BenchmarkRecord)] {
    try runs.compactMap { run in
      try output.store.record(fingerprints.key(of: run)).map { (run.row, $0) }
    }
  }

  private func title(_ run: BenchmarkRun) -> String {
    "\(run.row), seed \(run.seed): \(run.categories.joined(separator: ", "))"
  }

  private func model(of run: BenchmarkRun) throws -> BenchmarkModel {
    BenchmarkModel(
      run: run, dataset: try dataset.selecting(categories: run.categories),
      path: output.modelPath(fingerprints.trainingKey(of: run)), reader: reader, tell: tell)
  }

  private func measure(
    _ run: BenchmarkRun, key: String, machine: String
  ) throws -> BenchmarkRecord {
    let model = try model(of: run)
    try model.train(cancellation: cancellation)
    Machine.reusesMemory(0)
    let memory = PeakMemory()
    defer { memory.stop() }
    let folder = try ModelFolder.open(model.path)
    let test = BenchmarkTest(
      run: run, model: folder, dataset: model.dataset, reader: reader, cancellation: cancellation)
    let found = try test.found()
    for problem in found.evaluation.unreadable { Messages.say("unreadable: \(problem)") }
    var record = BenchmarkRecord(
      run, plan: name, key: key, dataset: dataset.source,
      fingerprint: fingerprints.ofTraining(run.categories), result: found.evaluation.result,
      pictures: found.evaluation.pictures.map { picture in
        ScoredPicture(
          path: FilePath.relative(picture.sample.path, to: dataset.root),
          category: picture.sample.category, isAnomalous: picture.sample.label.isAnomalous,
          score: picture.score, uncertainty: picture.uncertainty)
      })
    let training = try TrainingRecord.read(from: folder)
    record.trainingPictures = training?.trainingPictures ?? folder.manifest.data.pictures
    record.heldOutPictures = training?.heldOutPictures ?? 0
    record.trainingSeconds = training?.seconds
    let epochs = training?.losses.epochs ?? []
    // A fit has none, which is not the same as none that were begun.
    record.epochs = epochs.isEmpty ? nil : epochs.count
    record.steps = training?.losses.steps
    record.losses = BenchmarkRecord.losses(
      epochs.enumerated().map { ($0 + 1, $1.training, $1.heldOut) })
    record.millisecondsPerPicture = found.millisecondsPerPicture
    record.peakAnonymousBytes = [model.measured?.peakAnonymousBytes, memory.bytes]
      .compactMap { $0 }.max()
    let usable = model.dataset.train.count { !$0.label.isAnomalous }
    let seen = record.trainingPictures + record.heldOutPictures
    record.unreadable = found.evaluation.unreadable.count + max(0, usable - seen)
    record.machine = machine
    return record
  }

  /// Removes the run's model unless a later run needs it.
  private func discardModel(of run: BenchmarkRun, after index: Int) throws {
    let isNeeded = runs[(index + 1)...].contains {
      $0.categories == run.categories && $0.recipe.trainsSame(as: run.recipe)
    }
    if !isNeeded { try model(of: run).discard() }
  }
}
