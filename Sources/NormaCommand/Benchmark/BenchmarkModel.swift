import Foundation
import Norma
import NormaCore
import NormaFiles
import NormaTraining
import Torch

/// The model of a run, trained when it is not there yet.
struct BenchmarkModel {
  /// What is only known while a model is trained, kept beside it.
  struct Measured: Codable {
    var peakAnonymousBytes: Int?
  }

  let run: BenchmarkRun
  /// Only the run's categories.
  let dataset: Dataset
  /// The model folder.
  let path: String
  let reader: PictureReader
  let tell: (String) -> Void

  static let stopped =
    "Stopped. What is done is kept, the training under way too; the same command goes on."

  private var measuredPath: String { Self.measuredPath(of: path) }
  private static func measuredPath(of model: String) -> String { model + ".measured.json" }

  /// Goes on with a training that was interrupted, or begins one.
  func train(cancellation: Cancellation) throws {
    let started = FilePath.exists(
      TrainingOutput(model: path, resume: true, force: false).checkpoint)
    if FilePath.exists(path), !started { return try checkBackbone() }
    // Nothing that an earlier run freed and kept is this one's.
    Machine.reusesMemory(0)
    let memory = PeakMemory()
    defer { memory.stop() }
    let twin = started ? nil : try twin(cancellation: cancellation)
    let plan = try TrainingPlan(
      recipe: run.recipe, dataset: dataset,
      place: TrainingOutput(model: path, resume: started, force: false), reader: reader,
      reused: twin.map(ReusedNetwork.init), stopped: Self.stopped, tell: tell)
    try TrainingSession(plan, cancellation: cancellation).run()
    let bytes = twin.flatMap { Self.measured(of: $0.path)?.peakAnonymousBytes }
    let measured = Measured(peakAnonymousBytes: bytes ?? memory.bytes)
    try AtomicFile.write(JSONEncoder().encode(measured), to: measuredPath)
  }

  /// A model beside this one with the network that this run would train.
  private func twin(cancellation: Cancellation) throws -> ModelFolder? {
    let folder = FilePath.parent(path)
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    let likely = names.filter { $0.hasSuffix(".norma") }.sorted()
      .compactMap { try? ModelFolder.open(folder + "/" + $0) }
      .filter {
        $0.manifest.categories == run.categories && run.recipe.trainsSame(as: $0.manifest.recipe)
      }
    guard !likely.isEmpty else { return nil }
    let pictures = dataset.train.filter { !$0.label.isAnomalous }
    let fingerprint = try PictureFingerprint.of(
      pictures, root: dataset.root, cancellation: cancellation)
    return likely.first { $0.manifest.data.fingerprint == fingerprint }
  }

  /// The run's key does not name the backbone's weights, which another file may have replaced since.
  private func checkBackbone() throws {
    let manifest = try ModelFolder.open(path).manifest
    let recipe = manifest.recipe
    guard
      let backbone = try? BackboneWeights.load(
        recipe.backbone.name, taps: recipe.trunk().taps, from: recipe.backbone.weights),
      backbone.digest != manifest.backbone.weightsDigest
    else { return }
    throw FileProblem(
      path: backbone.path,
      reason: "these are not the weights that \(path) was trained with; bring those back, or begin "
        + "anew in another --output")
  }

  /// What was measured while it was trained; of a training that was interrupted, its last part.
  var measured: Measured? { Self.measured(of: path) }

  private static func measured(of model: String) -> Measured? {
    (try? Data(contentsOf: URL(fileURLWithPath: measuredPath(of: model))))
      .flatMap { try? JSONDecoder().decode(Measured.self, from: $0) }
  }

  func discard() {
    try? FileManager.default.removeItem(atPath: path)
    try? FileManager.default.removeItem(atPath: measuredPath)
  }
}
