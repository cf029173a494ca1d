import CommandLineBasics
import Foundation
import Norma
import NormaBenchmark
import NormaCore

/// Tests a run's model as `norma evaluate` does, and times it.
struct BenchmarkTest {
  let run: BenchmarkRun
  let model: ModelFolder
  let dataset: Dataset
  let reader: PictureReader
  let cancellation: Cancellation

  struct Found {
    var evaluation: Evaluation
    /// Wall-clock time of detection, decoding included.
    var millisecondsPerPicture: Double
  }

  func found() throws -> Found {
    let detector = try detector()
    let evaluator = Evaluator(
      detector: detector, calibration: try model.calibration(), reader: reader)
    let progress = ProgressLine("Evaluating", total: dataset.test.count, unit: "pictures")
    defer { progress.clear() }
    let evaluation = try evaluator.evaluate(dataset) { done, _ in
      progress.update(done)
      try cancellation.check(BenchmarkModel.stopped)
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
    try detector.detect(paths, reader: reader) { _, _ in
      try cancellation.check(BenchmarkModel.stopped)
    }
    return 1000 * (ContinuousClock.now - start).seconds / Double(max(1, paths.count))
  }
}
