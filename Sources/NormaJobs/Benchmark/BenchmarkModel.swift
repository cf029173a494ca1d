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
  let weights: BackboneCache
  let context: JobContext

  private var measuredPath: String { Self.measuredPath(of: path) }
  private static func measuredPath(of model: String) -> String { model + ".measured.json" }

  /// Goes on with a training that was interrupted, or begins one.
  func train() throws {
    let output = TrainingOutput.goingOn(path)
    if FilePath.exists(path), !output.resume { return try checkBackbone() }
    try output.check()
    // Nothing that an earlier run freed and kept is this one's.
    Machine.reusesMemory(0)
    let memory = PeakMemory()
    defer { memory.stop() }
    let source = DatasetSource(dataset, reader: reader, context)
    let twin = output.resume ? nil : try twin(source)
    try TrainingJob(
      PreparedRecipe(run.recipe, weights: weights), source: source, output: output,
      reused: twin.map(ReusedNetwork.init), stopped: PlanRunner.stopped, context
    ).run()
    let bytes = twin.flatMap { Self.measured(of: $0.path)?.peakAnonymousBytes }
    let measured = Measured(peakAnonymousBytes: bytes ?? memory.bytes)
    try AtomicFile.write(JSONEncoder().encode(measured), to: measuredPath)
  }

  /// A model beside this one with the network that this run would train.
  private func twin(_ source: DatasetSource) throws -> ModelFolder? {
    let folder = FilePath.parent(path)
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    let likely = names.filter { $0.hasSuffix(".norma") }.sorted()
      .compactMap { try? ModelFolder.open(folder + "/" + $0) }
      .filter {
        $0.manifest.categories == run.categories && run.recipe.trainsSame(as: $0.manifest.recipe)
      }
    guard !likely.isEmpty else { return nil }
    let fingerprint = try source.fingerprint()
    return likely.first { $0.manifest.data.fingerprint == fingerprint }
  }

  /// The run's key does not name the backbone's weights, which another file may have replaced since.
  private func checkBackbone() throws {
    let manifest = try ModelFolder.open(path).manifest
    guard let prepared = try? PreparedRecipe(manifest.recipe, weights: weights) else { return }
    try prepared.checkWeights(
      against: manifest, of: path,
      remedy: "bring those back, or begin anew in another --output")
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

/// Watches how much memory of its own (anonymous resident pages) the process has, several times a
/// second. Mapped files, such as feature stores, are the system's to give back and do not count.
final class PeakMemory: @unchecked Sendable {
  private let lock = NSLock()
  private var largest: Int?
  private var isStopped = false

  init() {
    sample()
    let thread = Thread { [weak self] in
      while let watcher = self, !watcher.stopped {
        watcher.sample()
        usleep(100_000)
      }
    }
    thread.name = "norma-memory"
    thread.start()
  }

  /// The largest number of bytes so far; nil where the system does not say.
  var bytes: Int? {
    sample()
    return lock.withLock { largest }
  }

  func stop() { lock.withLock { isStopped = true } }

  private var stopped: Bool { lock.withLock { isStopped } }

  private func sample() {
    guard let now = Self.current() else { return }
    lock.withLock { largest = max(largest ?? 0, now) }
  }

  /// `RssAnon` of Linux's `/proc/self/status`, in bytes.
  private static func current() -> Int? {
    guard let status = try? String(contentsOfFile: "/proc/self/status", encoding: .utf8),
      let line = status.split(separator: "\n").first(where: { $0.hasPrefix("RssAnon:") }),
      let kibibytes = line.split(whereSeparator: { " \t".contains($0) }).dropFirst().first
        .flatMap({ Int($0) })
    else { return nil }
    return kibibytes * 1024
  }
}
