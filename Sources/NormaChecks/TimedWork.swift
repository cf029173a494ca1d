import Foundation
import Norma
import NormaCore
import NormaFiles
import NormaJobs
import NormaTraining

/// A part of the work that can be timed again and again.
public struct TimedWork {
  /// What a round says of itself.
  public struct Round: Encodable {
    /// The seconds of what is measured, without what was made ready for it.
    public var seconds: Double
    /// How many pictures, steps or maps they were for.
    public var items: Int
    /// The processor time of the whole round, of all threads together.
    public var processorSeconds = 0.0
    /// Results, by name, that another program can compare with its own.
    public var results: [String: Double] = [:]
  }

  /// What is counted, such as "pictures".
  public let unit: String
  private let once: () throws -> Round

  private init(_ unit: String, once: @escaping () throws -> Round) {
    (self.unit, self.once) = (unit, once)
  }

  /// Does the work once.
  public func round() throws -> Round {
    let before = ProcessorTime.seconds
    var result = try once()
    result.processorSeconds = ProcessorTime.seconds - before
    return result
  }

  private static func time(_ body: () throws -> Void) rethrows -> Double {
    try ContinuousClock().measure(body).seconds
  }

  /// The pictures that `paths` name.
  /// - Throws: `FileProblem` when a folder cannot be read, or there is no picture.
  private static func pictures(_ paths: [String]) throws -> [PictureList.Entry] {
    let list = PictureList(paths)
    if let problem = list.unreadable.first { throw problem }
    guard !list.entries.isEmpty else {
      throw FileProblem(
        path: paths.joined(separator: ", "), reason: "there is no picture to measure with")
    }
    return list.entries
  }

  // MARK: What can be measured

  /// A picture on disk to pixels of the network's size.
  /// - Parameter times: how often a round reads it.
  public static func decoding(_ picture: String, size: Int, times: Int) -> TimedWork {
    let reader = PictureReader()
    return TimedWork("pictures") {
      let seconds = try time {
        for _ in 0..<times { _ = try reader.read(picture, size: size) }
      }
      return Round(seconds: seconds, items: times)
    }
  }

  /// Pictures on disk to stored features.
  /// - Parameter graph: where the backbone's graph is written too, for another runtime.
  public static func extraction(
    _ pictures: [String], recipe name: String?, graph: String?
  ) throws -> TimedWork {
    let prepared = try PreparedRecipe(Recipe.named(name))
    let paths = try self.pictures(pictures).map(\.path)
    if let graph {
      try OutputFile(graph, .graph).check(replaces: true)
      try AtomicFile.write(
        DetectorGraph.trunk(prepared.trunk, backbone: prepared.parameters), to: graph)
    }
    let extractor = try OpenVINOExtractor(
      trunk: prepared.trunk, parameters: prepared.parameters,
      precision: prepared.recipe.features.precision, reader: PictureReader())
    let folder = try TemporaryFolder()
    return TimedWork("pictures") {
      let path = folder.path + "/" + UUID().uuidString
      var unusable: (any Error)?
      let seconds = try time {
        _ = try FeatureStore.filled(
          at: path, key: "measured", pictures: paths.map { FeatureRequest(path: $0) },
          by: { extractor }, shapes: extractor.shapes,
          shouldStop: { false }, unusable: { unusable = $1 }, progress: { _ in })
      }
      try FileManager.default.removeItem(atPath: path)
      // A picture that is not read takes no time.
      if let unusable { throw unusable }
      return Round(seconds: seconds, items: paths.count)
    }
  }

  /// Pictures on disk to verdicts.
  /// - Parameter latency: one picture after the other, each as fast as it can be.
  public static func inspection(
    _ pictures: [String], model: String, latency: Bool
  ) throws -> TimedWork {
    let inspector = try Inspector(
      model: ModelFolder.open(model),
      engine: Detector.Options(hint: latency ? .latency : .throughput))
    let entries = try self.pictures(pictures)
    return TimedWork("pictures") {
      var results: [String: Double] = [:]
      func keep(_ outcome: Inspector.Outcome) throws {
        switch outcome {
        case .verdict(let verdict): results[verdict.path] = Double(verdict.score)
        case .unreadable(let problem): throw problem
        }
      }
      let seconds = try time {
        if latency {
          for entry in entries { try inspector.inspect([entry]) { try keep($1) } }
        } else {
          try inspector.inspect(entries) { try keep($1) }
        }
      }
      return Round(seconds: seconds, items: entries.count, results: results)
    }
  }

  /// Training steps, from stored features, made up for it, to changed weights.
  ///
  /// - Parameters:
  ///   - batch: pictures a step; nil: the recipe's.
  ///   - steps: of a round.
  /// - Throws: `UsageProblem` for a method without steps.
  public static func steps(_ steps: Int, recipe name: String?, batch: Int?) throws -> TimedWork {
    var recipe = try Recipe.named(name)
    if let batch { recipe.training.batch = batch }
    let trunk = try recipe.trunk()
    guard let method = try recipe.trainingMethod(trunk) as? any TrainingMethod else {
      throw UsageProblem("\(recipe.method) is fitted at once: it has no steps to measure")
    }
    var settings = try TrainingSettings(recipe.training)
    settings.epochs = 1
    let folder = try TemporaryFolder()
    let count = settings.batch * steps
    let store = try madeUp(
      at: folder.path + "/features", count: recipe.pastesTexture ? 2 * count : count,
      shapes: trunk.outputs.map { FeatureShape(channels: $0.channels, grid: $0.grid) })
    let data = TrainingData(
      store: store, training: Array(0..<count), heldOut: [], standardization: nil,
      twins: recipe.pastesTexture ? count : nil)
    let settled = settings
    return TimedWork("steps") {
      defer { withExtendedLifetime(folder) {} }
      let trainer = try Trainer(method, data: data, settings: settled, fingerprint: "measured")
      var seconds = 0.0
      var done = 0
      _ = try trainer.run(
        checkpoint: nil, report: { (seconds, done) = ($0.secondsOfRun, $0.stepsOfRun) })
      return Round(seconds: seconds, items: done)
    }
  }

  /// Features of no picture, about as large as a backbone gives them.
  private static func madeUp(
    at path: String, count: Int, shapes: [FeatureShape]
  ) throws -> FeatureStore {
    let writer = try FeatureStoreWriter(path: path, key: "measured", shapes: shapes, count: count)
    var generator = SeededGenerator(seed: 0, stream: "measured features")
    let size = shapes.reduce(0) { $0 + $1.count }
    for _ in 0..<count {
      let features = (0..<size).map { _ in Float(4 * generator.uniform() - 2) }
      try features.withUnsafeBufferPointer { try writer.append($0) }
    }
    return try writer.finish()
  }

  /// Anomaly maps and masks to AUROC, average precision and AUPRO.
  /// - Parameter file: safetensors with `maps` and `masks`, both float32 `[N, H, W]`.
  public static func metrics(_ file: String) throws -> TimedWork {
    let tensors = try SafeTensors.read(file).tensors
    guard let maps = tensors["maps"], let masks = tensors["masks"], maps.shape.count == 3,
      maps.shape == masks.shape
    else {
      throw FileProblem(path: file, reason: "expected 'maps' and 'masks', both [N, H, W]")
    }
    let (count, height, width) = (maps.shape[0], maps.shape[1], maps.shape[2])
    let area = height * width
    let pictures = (0..<count).map { Array(maps.values[$0 * area..<($0 + 1) * area]) }
    let truths = (0..<count).map { number in
      masks.values[number * area..<(number + 1) * area].map { $0 > 0 ? UInt8(1) : 0 }
    }
    return TimedWork("maps") {
      var result: PixelResult?
      let seconds = try time {
        let metrics = try PixelMetrics()
        for (map, mask) in zip(pictures, truths) {
          try metrics.add(map: map, mask: mask, width: width, height: height)
        }
        result = try metrics.finish()
      }
      let found = [
        "auroc": result?.auroc, "averagePrecision": result?.averagePrecision,
        "aupro": result?.aupro,
      ]
      return Round(seconds: seconds, items: count, results: found.compactMapValues { $0 })
    }
  }
}

/// A folder that goes away with its owner.
private final class TemporaryFolder {
  let path: String

  init() throws {
    path = FilePath.absolute(NSTemporaryDirectory()) + "/norma-" + UUID().uuidString
    try FilePath.createFolder(path)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }
}
