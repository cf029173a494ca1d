import Foundation
import Networks
import Norma
import NormaCore
import NormaFiles
import NormaTraining
import OpenVINO

/// A data set's pictures on disk as what a training starts from: decoded by libvips, seen by OpenVINO.
public final class DatasetSource: TrainingSource {
  public let dataset: Dataset
  public let reader: PictureReader
  private let context: JobContext
  private var known: String?

  /// - Parameter dataset: looked at already, so that all its pictures can be read.
  public init(_ dataset: Dataset, reader: PictureReader, _ context: JobContext) {
    (self.dataset, self.reader, self.context) = (dataset, reader, context)
  }

  public var root: String { dataset.root }
  public var checkpointRoot: String { dataset.root }
  public var exifOrientation: Bool { reader.appliesOrientation }

  public func samples(for prepared: PreparedRecipe) -> [Sample] { samples }
  /// The normal pictures to train on.
  package var samples: [Sample] { dataset.train.filter { !$0.label.isAnomalous } }

  /// Read once.
  public func fingerprint() throws -> String {
    if let known { return known }
    let found = try PictureFingerprint.of(samples, root: root, context)
    known = found
    return found
  }

  public func facts(of samples: [Sample], for prepared: PreparedRecipe) throws -> FeatureFacts {
    FeatureFacts(
      format: "features 2", pictures: try fingerprint(),
      engine: [
        Core.version, "\(PictureReader.decoder)", "\(reader.pixelLimit)",
        "oriented \(reader.appliesOrientation)",
      ], order: samples.map { FilePath.relative($0.path, to: root) })
  }

  public func extractor(_ prepared: PreparedRecipe) throws -> any FeatureExtractor {
    try OpenVINOExtractor(
      trunk: prepared.trunk, parameters: prepared.parameters,
      precision: prepared.recipe.features.precision, reader: reader,
      cacheFolder: try? context.cacheFolder("openvino"))
  }

  /// Those that could be decoded; the others are named, in every run.
  public func usable(
    _ features: FeatureCache.Entry, _ samples: [Sample], _ context: JobContext
  ) throws -> [Int] {
    let store = features.store
    for index in samples.indices where !store.usable[index] {
      context.warning(
        features.problems[index] ?? "\(samples[index].path) could not be decoded")
    }
    let usable = samples.indices.filter { store.usable[$0] }
    let left = Set(usable.map { samples[$0].category })
    for category in Set(samples.map(\.category)).subtracting(left).sorted() {
      throw FileProblem(
        path: root, reason: "no picture of the category '\(category)' can be decoded")
    }
    return usable
  }

  public func contents(
    of samples: [Sample], imageSize: Int, _ context: JobContext, stopped: String
  ) throws -> [TrainingPictures.Content] {
    try PictureContents.of(
      samples.map(\.path), reader: reader, imageSize: imageSize, context, stopped: stopped,
      title: "Noting the training pictures")
  }

  /// Scores by the graph itself, in the precision that the model inspects in.
  public func inspector(
    of trained: TrainedDetector, graph: RecordedGraph, _ context: JobContext, stopped: String
  ) throws -> ([Sample]) throws -> NormalPictures {
    let detector = try Detector(
      graph: graph.data(), name: "the trained network", imageSize: trained.trunk.imageSize,
      precision: trained.precision == .bf16 ? .bf16 : .f32,
      options: .init(cacheFolder: try? context.cacheFolder("openvino")),
      reference: graph.reference())
    if let caution = detector.caution { context.warning(caution) }
    let reader = reader
    return {
      try NormalPictures($0, detector: detector, reader: reader, context, stopped: stopped)
    }
  }

  public func fastestPrecision(
    of trained: TrainedDetector, graph: RecordedGraph, _ context: JobContext, stopped: String
  ) throws -> ModelPrecision {
    try PrecisionChoice(
      trained, graph: graph, reader: reader, context, stopped: stopped
    ).chosen()
  }

  public func report(
    on trained: TrainedDetector, _ manifest: Manifest, _ record: TrainingRecord,
    _ calibration: Calibration, title: String
  ) throws -> [String: Data] {
    try TrainingReport(
      trained, manifest, record, calibration, title: title, root: root, reader: reader
    ).files()
  }
}

/// Fingerprints of pictures, whose digests are kept from run to run.
package enum PictureFingerprint {
  /// - Throws: `Interrupted` when a stop is requested, `FileProblem` when a picture cannot be read.
  package static func of(
    _ pictures: [Sample], root: String, _ context: JobContext
  ) throws -> String {
    let cache = DigestCache(path: try context.cacheFolder("features") + "/digests.json")
    let stage = context.stage("Reading the pictures", total: pictures.count, unit: "pictures")
    defer { stage.clear() }
    var done = 0
    let fingerprint = try DatasetFingerprint.of(
      pictures, root: root,
      digest: { path, key in
        done += 1
        stage.update(done)
        try context.check("Stopped; nothing was begun.")
        return try cache.digest(path, key)
      })
    try cache.save()
    return fingerprint
  }
}

extension Dataset {
  /// The data set without what cannot be read, after a table of what it holds.
  /// - Throws: `Interrupted` when a stop is requested; `DatasetProblem` when there is nothing to train on.
  public func readable(by reader: PictureReader, _ context: JobContext) throws -> Dataset {
    let stage = context.stage("Looking at the pictures", total: samples.count, unit: "pictures")
    defer { stage.clear() }
    let summary = try DatasetSummary(
      self, probe: { path in Result { try reader.probe(path) } },
      progress: { done, _ in
        stage.update(done)
        try context.check("Stopped; nothing was begun.")
      })
    stage.clear()
    context.note(summary.text)
    try summary.dataset.validateForTraining()
    return summary.dataset
  }

  /// Only the categories that a model knows.
  /// - Throws: `FileProblem` when there is none of them.
  public func selecting(knownTo model: Manifest) throws -> Dataset {
    let dataset = named(for: model.categories)
    let known = dataset.categories.filter(model.categories.contains)
    guard !known.isEmpty else {
      throw FileProblem(
        path: dataset.source,
        reason: "it has none of the model's categories: \(model.categories.joined(separator: ", "))"
      )
    }
    return try dataset.selecting(categories: known)
  }
}

extension NormalPictures {
  /// Inspects `samples`.
  /// - Parameters:
  ///   - stopped: what an interruption says: what was kept, and how to go on.
  ///   - unreadable: called for a picture that cannot be read; what it does not throw is left out.
  package init(
    _ samples: [Sample], detector: Detector, reader: PictureReader, _ context: JobContext,
    stopped: String, unreadable: (FileProblem) throws -> Void = { throw $0 }
  ) throws {
    self.init(
      try detector.scored(
        samples, reader: reader, context, title: "Scoring normal pictures", stopped: stopped,
        unreadable: unreadable
      ).map(\.picture))
  }
}

extension Detector {
  /// What calibration takes of pictures, with the samples that they are, in their order.
  /// - Parameters:
  ///   - title: of the stage, for whoever watches.
  ///   - stopped: what an interruption says: what was kept, and how to go on.
  ///   - unreadable: called for a picture that cannot be read; what it does not throw is left out.
  package func scored(
    _ samples: [Sample], reader: PictureReader, _ context: JobContext, title: String,
    stopped: String, unreadable: (FileProblem) throws -> Void = { throw $0 }
  ) throws -> [(sample: Sample, picture: NormalPictures.Picture)] {
    var found: [(Sample, NormalPictures.Picture)] = []
    let stage = context.stage(title, total: samples.count, unit: "pictures")
    defer { stage.clear() }
    try detect(samples.map(\.path), reader: reader) { index, outcome in
      try context.check(stopped)
      switch outcome {
      case .unreadable(let problem): try unreadable(problem)
      case .detected(let detection):
        let picture = NormalPictures.Picture(
          category: samples[index].category, score: detection.score,
          peak: detection.map.values.max() ?? 0, feature: detection.feature,
          suspicion: detection.perceived?.suspicion)
        found.append((samples[index], picture))
      }
      stage.update(index + 1)
    }
    stage.finish()
    return found
  }
}
