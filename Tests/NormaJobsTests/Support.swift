import Foundation
import NormaCore
import NormaFiles
import NormaJobs
import TestSupport
import Testing

/// What jobs are tried on, in a folder of its own: drawn pictures of two products in MVTec AD's layout,
/// a backbone of sparse random weights, and a small recipe for each method.
final class JobBench {
  let folder: TemporaryFolder
  let observer = RecordingObserver()

  init() throws {
    folder = try TemporaryFolder()
    try Self.unzip("training.zip", into: folder)
  }

  static let methods = ["ras", "uniad", "rlr", "uranet", "patchcore", "padim"]

  private static let fixtures = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("Fixtures/models-0")

  /// A file that Norma 0.1.0 left behind, before it kept a record of trainings.
  static func fixture(_ name: String) -> String { fixtures.appendingPathComponent(name).path }

  static func unzip(_ name: String, into folder: TemporaryFolder) throws {
    let data = try Data(contentsOf: URL(fileURLWithPath: fixture(name)))
    let archive = try ZipArchive(data: data, name: name)
    for entry in archive.entries where !entry.hasSuffix("/") {
      try folder.file(entry, archive.data(entry))
    }
  }

  var pictures: String { folder["pictures"] }
  var weights: String { folder["weights"] }

  /// A context whose caches are this bench's.
  func context(_ cancellation: Cancellation = Cancellation()) -> JobContext {
    JobContext(observer: observer, cancellation: cancellation, caches: folder["caches"])
  }

  func request(
    _ recipe: String, output: String = "line.norma", resume: Bool = false,
    weightsOf: String? = nil
  ) -> TrainJob.Request {
    TrainJob.Request(
      dataset: pictures, recipe: RecipeOptions(name: folder[recipe + ".yaml"]),
      output: TrainingOutput(model: folder[output], resume: resume, force: false),
      weightsOf: weightsOf, weights: weights)
  }

  /// The recipe of a method, with the place of the backbone's weights in it, for jobs that look for them by
  /// the model alone.
  func recipeWithWeights(_ method: String) throws -> String {
    let text = try String(contentsOfFile: folder[method + ".yaml"], encoding: .utf8)
    let file = "\(weights)/efficientnet-lite0.safetensors"
    let name = method + "-weights"
    try folder.file(
      name + ".yaml",
      text: text.replacingOccurrences(of: "imageSize: 64", with: "imageSize: 64, weights: \(file)"))
    return name
  }

  /// A model of the method, trained here.
  @discardableResult
  func train(_ recipe: String, output: String = "line.norma") throws -> ModelFolder {
    try TrainJob(request(recipe, output: output), context()).run()
    return try ModelFolder.open(folder[output])
  }
}

extension ModelFolder {
  /// The other decides the same, to the byte.
  func expectSame(as other: ModelFolder, sourceLocation: SourceLocation = #_sourceLocation) throws {
    for file in [
      ModelFile.weights, ModelFile.graph, ModelFile.calibration, ModelFile.reference,
    ] {
      #expect(try data(file) == other.data(file), "\(file)", sourceLocation: sourceLocation)
    }
  }
}

/// Keeps what a job says.
final class RecordingObserver: JobObserver, @unchecked Sendable {
  private let lock = NSLock()
  private var said: (notes: [String], asides: [String], stages: [String]) = ([], [], [])
  private var reaction: (@Sendable (String, Int) -> Void)?

  var notes: [String] { lock.withLock { said.notes } }
  var asides: [String] { lock.withLock { said.asides } }
  /// Titles of the stretches of work, as they began.
  var stages: [String] { lock.withLock { said.stages } }

  /// From now on `body` is called with a stretch's title and how much of it is done.
  func onProgress(_ body: @escaping @Sendable (String, Int) -> Void) {
    lock.withLock { reaction = body }
  }

  func note(_ text: String) { lock.withLock { said.notes.append(text) } }
  func aside(_ text: String) { lock.withLock { said.asides.append(text) } }

  func stage(_ title: String, total: Int, unit: String) -> any JobStage {
    lock.withLock { said.stages.append(title) }
    return Stage(title: title, observer: self)
  }

  private final class Stage: JobStage {
    let title: String
    let observer: RecordingObserver

    init(title: String, observer: RecordingObserver) {
      (self.title, self.observer) = (title, observer)
    }

    func update(_ done: Int, detail: String) {
      observer.lock.withLock { observer.reaction }?(title, done)
    }
    func finish() {}
    func clear() {}
  }
}
