import CommandLineBasics
import Foundation
import Norma
import NormaCore

/// Measures models on the same pictures, undisturbed and at each step of each disturbance.
struct ToleranceRunner {
  let models: [ToleranceModel]
  /// Its test pictures are what is measured.
  let dataset: Dataset
  let axes: [ToleranceAxis]
  let seed: UInt64
  let cancellation: Cancellation

  static let stopped =
    "Stopped. Only what is printed above was measured whole, and nothing was written."

  /// - Parameter finished: gets each disturbance once it is measured.
  func run(finished: (ToleranceResult.Disturbance) throws -> Void) throws -> ToleranceResult {
    let work = Work(self)
    defer { work.progress.clear() }
    let undisturbed = try models.map { try work.evaluate($0, "undisturbed", nil, $0.detector) }
    var disturbances: [ToleranceResult.Disturbance] = []
    for axis in axes {
      let measured = try measure(axis, after: undisturbed, work)
      work.progress.clear()
      try finished(measured)
      disturbances.append(measured)
    }
    return ToleranceResult(
      dataset: dataset.source, categories: dataset.categories, pictures: dataset.test.count,
      seed: seed,
      models: models.map {
        ToleranceResult.Model(
          name: $0.name, path: $0.folder.path, method: $0.folder.manifest.method,
          imageSize: $0.detector.imageSize)
      },
      disturbances: disturbances, unreadable: work.unreadable)
  }

  private func measure(
    _ axis: ToleranceAxis, after undisturbed: [ToleranceResult.Figures], _ work: Work
  ) throws -> ToleranceResult.Disturbance {
    let first = ToleranceResult.Step(
      label: axis.label(nil), value: axis.undisturbed, models: undisturbed)
    let others = try axis.steps.map { value in
      let label = axis.label(value)
      return ToleranceResult.Step(
        label: label, value: value,
        models: try models.map { model in
          let title = "\(axis.name) \(label), \(model.name)"
          if let disturbance = axis.disturbance {
            return try work.evaluate(model, title, disturbance(value, seed), model.detector)
          }
          guard model.jitterObstacle == nil else { return nil }
          return try work.evaluate(
            model, title, nil, Detector(model: model.folder, jitter: value, seed: seed))
        })
    }
    return ToleranceResult.Disturbance(
      name: axis.name, title: axis.title, unit: axis.unit, steps: [first] + others)
  }

  /// The evaluations under way, and how far they are.
  private final class Work {
    let runner: ToleranceRunner
    let progress: ProgressLine
    private var done = 0
    private(set) var unreadable: [String] = []
    private var said: Set<String> = []

    init(_ runner: ToleranceRunner) {
      self.runner = runner
      let evaluations = runner.models.reduce(0) { sum, model in
        let axes = runner.axes.filter { $0.disturbance != nil || model.jitterObstacle == nil }
        return sum + 1 + axes.reduce(0) { $0 + $1.steps.count }
      }
      progress = ProgressLine(
        "Measuring", total: evaluations * runner.dataset.test.count, unit: "pictures")
    }

    func evaluate(
      _ model: ToleranceModel, _ title: String, _ disturbance: Disturbance?, _ detector: Detector
    ) throws -> ToleranceResult.Figures {
      let evaluator = Evaluator(
        detector: detector, calibration: model.calibration, reader: model.reader,
        disturbance: disturbance)
      let evaluation = try evaluator.evaluate(runner.dataset) { count, _ in
        progress.update(done + count, detail: title)
        try runner.cancellation.check(ToleranceRunner.stopped)
      }
      done += runner.dataset.test.count
      // What is wrong with a file is so at every step.
      let problems = evaluation.unreadable.map { "unreadable: \($0)" }
      for line in evaluation.notes.map({ "note: \($0)" }) + problems
      where said.insert(line).inserted {
        progress.clear()
        Messages.say(line)
      }
      for problem in evaluation.unreadable.map(\.path) where !unreadable.contains(problem) {
        unreadable.append(problem)
      }
      return ToleranceResult.Figures(evaluation.result)
    }
  }
}
