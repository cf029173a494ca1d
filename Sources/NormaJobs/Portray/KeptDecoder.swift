import Foundation
import Networks
import Norma
import NormaCore
import NormaFiles
import NormaTraining
import Torch

/// The decoder of a model's features: trained once, then kept beside them. Models that see the same
/// features of the same pictures share it.
struct KeptDecoder {
  let source: DatasetSource
  let prepared: PreparedRecipe
  /// As the model has it.
  let standardization: [Standardization]?
  /// How the model's network came to be.
  let past: SplitPictures.PastTraining
  let steps: Int
  let context: JobContext

  private static let stopped =
    "Stopped. The decoder so far is kept; the same command goes on."

  private var configuration: FeatureDecoderConfiguration {
    FeatureDecoderConfiguration(
      levels: prepared.shapes.map { .init(channels: $0.channels, grid: $0.grid) },
      imageSize: prepared.trunk.imageSize)
  }

  private var settings: TrainingSettings {
    FeatureDecoderConfiguration.settings(
      steps: steps, seed: UInt64(prepared.recipe.training.seed))
  }

  /// - Returns: the decoder, and the features as the model sees them.
  func decoder() throws -> (decoder: TrainedDecoder, seen: TrainingData) {
    let pictures = source.samples
    let features = try FeatureCache(context).features(of: pictures, for: prepared, from: source)
    let split = try SplitPictures(
      features.store, samples: pictures, usable: try source.usable(features, pictures, context),
      recipe: prepared.recipe, past: past
    ).data
    let seen = TrainingData(
      store: features.store, training: split.training, heldOut: split.heldOut,
      standardization: standardization)
    let key = try key(features: features.key)
    let path = try context.cacheFolder("decoders") + "/\(key.prefix(32))"
    let lock = try FileLock.wait(for: path + ".lock") {
      try context.check("Stopped while another portrait trains the same decoder.")
    }
    defer { withExtendedLifetime(lock) {} }
    if let known = try? TrainedDecoder(path: path + ".safetensors", fingerprint: key) {
      context.note("The decoder was there already.")
      return (known, seen)
    }
    let targets = try targets(of: pictures, at: path + ".pictures", key: key)
    let decoder = try learned(seen, targets, fingerprint: key, checkpoint: path + ".checkpoint")
    try decoder.write(to: path + ".safetensors", fingerprint: key)
    for file in [path + ".checkpoint", path + ".pictures"] {
      try? FileManager.default.removeItem(atPath: file)
    }
    return (decoder, seen)
  }

  private func learned(
    _ seen: TrainingData, _ targets: FeatureStore, fingerprint: String, checkpoint: String
  ) throws -> TrainedDecoder {
    let own = standardization == nil ? seen.store.standardization(of: seen.training) : nil
    let parts = Self.parts(seen)
    let data = TrainingData(
      store: seen.store, training: parts.training.filter { targets.usable[$0] },
      heldOut: parts.heldOut.filter { targets.usable[$0] },
      standardization: standardization ?? own, targets: targets)
    let network = try train(data, fingerprint: fingerprint, checkpoint: checkpoint)
    return TrainedDecoder(network, configuration: configuration, standardization: own)
  }

  private func targets(of pictures: [Sample], at path: String, key: String) throws -> FeatureStore {
    let side = configuration.size.width
    let progress = context.stage(
      "Reading the pictures", total: pictures.count, unit: "pictures")
    defer { progress.clear() }
    do {
      return try FeatureStore.filled(
        at: path, key: key, pictures: pictures.map { FeatureRequest(path: $0.path) },
        by: { SmallPictures(side: side, reader: source.reader) },
        shapes: [SmallPictures.shape(side: side)], shouldStop: { context.isStopRequested },
        unusable: { _, _ in }, progress: { progress.update($0) }
      ).store
    } catch is ExtractionInterrupted {
      throw Interrupted(Self.stopped)
    }
  }

  private func train(
    _ data: TrainingData, fingerprint: String, checkpoint: String
  ) throws -> TrainedNetwork {
    let trainer = try Trainer(
      configuration, data: data, settings: settings, fingerprint: fingerprint)
    if (try? trainer.resume(from: checkpoint)) == true {
      context.note("Going on with the decoder.")
    }
    context.note(
      "Training the decoder: \(counted(data.training.count, "picture")), "
        + "\(counted(trainer.parameterCount, "parameter")), \(counted(trainer.steps, "step"))")
    let progress = context.stage("Training the decoder", total: trainer.steps, unit: "steps")
    defer { progress.clear() }
    let outcome = try trainer.train(
      checkpoint: checkpoint, checkpointSeconds: 60,
      shouldStop: { context.isStopRequested },
      report: { progress.update($0.done, detail: $0.detail) })
    switch outcome {
    case .finished(let network):
      progress.finish()
      return network
    case .interrupted: throw Interrupted(Self.stopped)
    }
  }

  /// What the decoder learns from, and enough held-out pictures to measure it by: the model's, or where
  /// that has none a few of its training pictures.
  private static func parts(_ data: TrainingData) -> (training: [Int], heldOut: [Int]) {
    let pool = data.heldOut.isEmpty ? data.training : data.heldOut
    let count = min(64, data.heldOut.isEmpty ? pool.count / 10 : pool.count)
    let heldOut = (0..<count).map { pool[$0 * pool.count / count] }
    let known = Set(heldOut)
    return (data.training.filter { !known.contains($0) }, heldOut)
  }

  /// Names everything that the decoder depends on.
  private func key(features: String) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    func text(_ value: some Encodable) throws -> String {
      String(decoding: try encoder.encode(value), as: UTF8.self)
    }
    let facts = try [
      "decoder 1", features, text(standardization), text(configuration), text(settings),
      prepared.recipe.training.holdout.yaml, Machine.version,
    ]
    return Digest.sha256(Data(facts.joined(separator: "\n").utf8))
  }
}

/// Pictures themselves in place of features: what a decoder is to give. RGB from 0 to 1, one map of
/// three channels a picture.
struct SmallPictures: FeatureExtractor {
  let shapes: [FeatureShape]
  private let reader: PictureReader
  private let side: Int

  /// - Parameter side: of the square that pictures are resized to, in pixels.
  init(side: Int, reader: PictureReader) {
    shapes = [Self.shape(side: side)]
    (self.side, self.reader) = (side, reader)
  }

  static func shape(side: Int) -> FeatureShape {
    FeatureShape(channels: 3, grid: .init(height: side, width: side))
  }

  func extract(
    _ pictures: [FeatureRequest],
    consume: (Int, Result<UnsafeBufferPointer<Float>, any Error>) throws -> Void
  ) throws {
    let (reader, side) = (reader, side)
    try OrderedPipeline.run(count: pictures.count, workers: 3) {
      { item in
        do {
          return Result<[Float], FileProblem>.success(
            Self.planes(try reader.read(pictures[item].path, size: side)))
        } catch let problem as FileProblem {
          return .failure(problem)
        }
      }
    } deliver: { (item: Int, result: Result<[Float], FileProblem>) in
      switch result {
      case .success(let values):
        try values.withUnsafeBufferPointer { try consume(item, .success($0)) }
      case .failure(let problem): try consume(item, .failure(problem))
      }
    }
  }

  /// Channel after channel.
  private static func planes(_ picture: Picture) -> [Float] {
    (0..<3).flatMap { channel in
      stride(from: channel, to: picture.rgb.count, by: 3).map { Float(picture.rgb[$0]) / 255 }
    }
  }
}
