import Foundation
import Norma
import NormaCore
import NormaFiles

/// `norma tolerance`: measures models on the same pictures, undisturbed and at each step of each
/// disturbance.
public struct ToleranceJob {
  /// What somebody wants measured.
  public struct Request {
    /// A folder, or a .csv table, with labelled test pictures.
    public var dataset: String
    /// Model folders, or the same zipped.
    public var models: [String]
    public var axes: [ToleranceAxis]
    /// nil: all that the models know.
    public var categories: [String]?
    /// At most this many pictures; nil: all.
    public var limit: Int?
    public var seed: UInt64
    /// A folder for the table and the page; nil: none.
    public var output: String?
    /// Whether a table and a page that are there may be replaced.
    public var replaces: Bool

    public init(
      dataset: String, models: [String], axes: [ToleranceAxis], categories: [String]? = nil,
      limit: Int? = nil, seed: UInt64 = 0, output: String? = nil, replaces: Bool = false
    ) {
      (self.dataset, self.models, self.axes) = (dataset, models, axes)
      (self.categories, self.limit, self.seed) = (categories, limit, seed)
      (self.output, self.replaces) = (output, replaces)
    }
  }

  private let models: [ToleranceModel]
  /// Its test pictures are what is measured.
  private let dataset: Dataset
  private let axes: [ToleranceAxis]
  private let seed: UInt64
  private let output: String?
  private let context: JobContext

  private static let stopped =
    "Stopped. Only what is printed above was measured whole, and nothing was written."

  /// How many models can be compared.
  public static let mostModels = ToleranceStyle.lines

  /// Opens the models and finds the pictures.
  ///
  /// - Parameter reader: how a model's pictures are read.
  /// - Throws: `FileProblem` for an output that may not be replaced, for what is no model, holds no pictures, or cannot be measured by the only
  ///   disturbance that is wanted.
  public init(
    _ request: Request, reader: (Manifest) -> PictureReader, _ context: JobContext
  ) throws {
    self.context = context
    output = request.output.map(FilePath.absolute)
    if let output {
      try OutputFile("\(output)/tolerance.csv", .tolerance).check(replaces: request.replaces)
      try OutputFile("\(output)/index.html", .page).check(replaces: request.replaces)
      try FilePath.createFolder(output)
    }
    models = try ToleranceModel.open(request.models, reader: reader, context)
    let read = try DatasetReader.read(request.dataset, by: models.first?.reader ?? PictureReader())
    let tested = try read.tested(on: request.categories, by: models.map(\.folder.manifest))
    for note in tested.notes { context.aside("note: \(note)") }
    try tested.validateForEvaluation()
    dataset = request.limit.map(tested.limited) ?? tested
    axes = try Self.measurable(request.axes, models, context)
    seed = request.seed
    noteModels()
  }

  /// The names of the models, as tables call them.
  public var names: [String] { models.map(\.name) }

  /// - Parameter finished: gets each disturbance once it is measured.
  /// - Throws: `Interrupted` when a stop is requested; nothing is written then.
  public func run(
    finished: (ToleranceResult.Disturbance) throws -> Void
  ) throws -> ToleranceResult {
    let work = Work(self)
    defer { work.stage.clear() }
    let undisturbed = try models.map { try work.evaluate($0, "undisturbed", nil, $0.detector) }
    var disturbances: [ToleranceResult.Disturbance] = []
    for axis in axes {
      let measured = try measure(axis, after: undisturbed, work)
      work.stage.clear()
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

  /// Writes table and page into the folder that was named.
  /// - Returns: where the page is; nil when no folder was named.
  public func write(_ result: ToleranceResult) throws -> String? {
    guard let output else { return nil }
    let sample = ToleranceSample(dataset, for: models[0], seed: seed)
    let files = [
      ("tolerance.csv", ToleranceCSV.text(result)),
      ("index.html", try TolerancePage(result: result, sample: sample).html()),
    ]
    for (name, text) in files {
      try AtomicFile.write(Data(text.utf8), to: "\(output)/\(name)")
    }
    return "\(output)/index.html"
  }

  /// The disturbances without the jitter that no model can be measured by.
  private static func measurable(
    _ axes: [ToleranceAxis], _ models: [ToleranceModel], _ context: JobContext
  ) throws -> [ToleranceAxis] {
    guard axes.contains(where: { $0.disturbance == nil }) else { return axes }
    let obstacles = models.compactMap { model in
      model.jitterObstacle.map { "no jitter for \(model.name): \($0)" }
    }
    let left = obstacles.count < models.count ? axes : axes.filter { $0.disturbance != nil }
    guard !left.isEmpty else { throw JobFailure(obstacles.joined(separator: "\n")) }
    for obstacle in obstacles { context.aside("note: \(obstacle)") }
    return left
  }

  private func noteModels() {
    for model in models where model.calibration.shared == nil {
      context.aside(
        "note: \(model.name) is uncalibrated: it has no threshold, so no false alarms and misses; "
          + "'norma calibrate' gives it one")
    }
    let sizes = Set(models.map(\.detector.imageSize)).sorted()
    if sizes.count > 1 {
      context.aside(
        "note: the models take pictures of \(sizes.map(String.init).joined(separator: " and ")) "
          + "pixels, so a pixel of blur or shift is not the same to them")
    }
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
    let runner: ToleranceJob
    let stage: any JobStage
    private var done = 0
    private(set) var unreadable: [String] = []
    private var said: Set<String> = []

    init(_ runner: ToleranceJob) {
      self.runner = runner
      let evaluations = runner.models.reduce(0) { sum, model in
        let axes = runner.axes.filter { $0.disturbance != nil || model.jitterObstacle == nil }
        return sum + 1 + axes.reduce(0) { $0 + $1.steps.count }
      }
      stage = runner.context.stage(
        "Measuring", total: evaluations * runner.dataset.test.count, unit: "pictures")
    }

    func evaluate(
      _ model: ToleranceModel, _ title: String, _ disturbance: Disturbance?, _ detector: Detector
    ) throws -> ToleranceResult.Figures {
      let evaluator = Evaluator(
        detector: detector, calibration: model.calibration, reader: model.reader,
        disturbance: disturbance)
      let evaluation = try evaluator.evaluate(runner.dataset) { count, _ in
        stage.update(done + count, detail: title)
        try runner.context.check(ToleranceJob.stopped)
      }
      done += runner.dataset.test.count
      // What is wrong with a file is so at every step.
      let problems = evaluation.unreadable.map { "unreadable: \($0)" }
      for line in evaluation.notes.map({ "note: \($0)" }) + problems
      where said.insert(line).inserted {
        stage.clear()
        runner.context.aside(line)
      }
      for problem in evaluation.unreadable.map(\.path) where !unreadable.contains(problem) {
        unreadable.append(problem)
      }
      return ToleranceResult.Figures(evaluation.result)
    }
  }
}
