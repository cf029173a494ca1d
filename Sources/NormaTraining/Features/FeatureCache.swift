import Foundation
import Networks
import NormaCore
import NormaFiles

/// Where the features of pictures come from: pictures of some kind, and an engine that sees them.
public protocol FeatureSource {
  /// Everything that the features depend on besides the recipe and the backbone.
  /// - Parameter samples: the pictures whose features are wanted, in their order.
  /// - Throws: `Interrupted` when a stop is requested, `FileProblem` when a picture cannot be read.
  func facts(of samples: [Sample], for prepared: PreparedRecipe) throws -> FeatureFacts

  /// The trunk, compiled or loaded.
  func extractor(_ prepared: PreparedRecipe) throws -> any FeatureExtractor
}

/// What names features in a cache, besides the recipe and the backbone.
public struct FeatureFacts {
  /// The kind of source, with the version of what is kept.
  public var format: String
  /// Of the pictures' content.
  public var pictures: String
  /// The engine, its version, and how it is given pictures.
  public var engine: [String]
  /// Which of the pictures, in which order.
  public var order: [String]

  public init(format: String, pictures: String, engine: [String], order: [String]) {
    (self.format, self.pictures, self.engine, self.order) = (format, pictures, engine, order)
  }
}

/// Features of pictures by a frozen trunk: computed once, kept on disk for whoever asks again, and open
/// for all trainings of a process.
public final class FeatureCache {
  /// What the cache gives.
  public struct Entry {
    public let store: FeatureStore
    /// Names everything that the features depend on.
    public let key: String
    /// Why pictures could not be decoded, by their number; only of those that were tried just now.
    public let problems: [Int: String]
  }

  private let context: JobContext
  private var opened: [String: FeatureStore] = [:]

  public init(_ context: JobContext) { self.context = context }

  /// The features of `samples`, in their order, then of their textured twins where the recipe pastes
  /// texture. Each backbone's are extracted and kept by themselves, for whichever recipe asks for them.
  ///
  /// - Throws: `Interrupted` when a stop is requested; what was extracted is kept.
  public func features(
    of samples: [Sample], for prepared: PreparedRecipe, from source: any FeatureSource
  ) throws -> Entry {
    let entries = try prepared.parts.map { try features(of: samples, forOne: $0, from: source) }
    if entries.count == 1 { return entries[0] }
    return Entry(
      store: FeatureStore(joining: entries.map(\.store)),
      key: entries.map(\.key).joined(separator: "+"),
      problems: entries.reduce(into: [:]) { $0.merge($1.problems) { first, _ in first } })
  }

  /// The same of one backbone.
  private func features(
    of samples: [Sample], forOne prepared: PreparedRecipe, from source: any FeatureSource
  ) throws -> Entry {
    let key = Self.key(prepared, try source.facts(of: samples, for: prepared))
    if let store = opened[key] { return Entry(store: store, key: key, problems: [:]) }
    let recipe = prepared.recipe
    let path = try context.cacheFolder("features") + "/\(key.prefix(32)).features"
    let lock = try FileLock.wait(for: path + ".lock") {
      try context.check("Stopped while another training extracts the same features.")
    }
    defer { withExtendedLifetime(lock) {} }
    let requests = recipe.featureRequests(samples)
    tellSize(of: requests.count, prepared)
    let left = try? FileKey(of: path + ".partial").size
    try checkRoom(
      FeatureFile.size(shapes: prepared.shapes, count: requests.count) - (left ?? 0), path)
    let stage = context.stage(
      "Extracting features (\(recipe.backbone.name), \(recipe.features.precision.rawValue))",
      total: requests.count, unit: "pictures")
    defer { stage.clear() }
    var problems: [Int: String] = [:]
    do {
      let (store, reused) = try FeatureStore.filled(
        at: path, key: key, pictures: requests, by: { try source.extractor(prepared) },
        shapes: prepared.shapes, shouldStop: { context.isStopRequested },
        unusable: { problems[$0] = "\($1)" }, progress: { stage.update($0) })
      stage.finish()
      if reused > 0 {
        context.note(
          "Features of \(counted(reused, "picture")) \(reused == 1 ? "was" : "were") there already."
        )
      }
      opened[key] = store
      return Entry(store: store, key: key, problems: problems)
    } catch is ExtractionInterrupted {
      throw Interrupted("Stopped. The features so far are kept; the same command goes on.")
    }
  }

  /// What a finer grid than the usual one costs, before any work begins.
  private func tellSize(of pictures: Int, _ prepared: PreparedRecipe) {
    guard prepared.recipe.backbone.grid != .coarsest else { return }
    let (shapes, megabyte) = (prepared.shapes, 1e6)
    let each = Double(shapes.reduce(0) { $0 + $1.count } * 2)
    let maps = shapes.map { "\($0.channels) channels on \($0.grid.height) × \($0.grid.width)" }
      .joined(separator: ", ")
    context.note(
      "A picture's features are \(maps): \(Figures.number(each / megabyte, digits: 3)) MB; those of "
        + "\(counted(pictures, "picture")) take \(Figures.number(each * Double(pictures) / megabyte, digits: 4)) MB "
        + "on the disk, and a training is fastest where they fit into memory.")
  }

  /// Features that do not fit the disk are not begun: older ones go first.
  private func checkRoom(_ bytes: Int, _ path: String) throws {
    guard !FilePath.exists(path), let free = Caches(context.caches).makeRoom(for: bytes),
      free < bytes
    else { return }
    throw FileProblem(
      path: path,
      reason:
        "the features take \(Caches.size(bytes)), and the disk has \(Caches.size(free)) left; name "
        + "a folder on another disk by NORMA_HOME, or take fewer or smaller pictures")
  }

  private static func key(_ prepared: PreparedRecipe, _ facts: FeatureFacts) -> String {
    let (recipe, trunk) = (prepared.recipe, prepared.trunk)
    let all =
      [
        facts.format, facts.pictures, prepared.backbone.digest, recipe.backbone.name,
        "\(trunk.taps)", trunk.padding.rawValue, "\(trunk.imageSize)", "\(trunk.arrangement)",
        recipe.features.precision.rawValue,
      ] + facts.engine + recipe.textureFacts + facts.order
    return Digest.sha256(Data(all.joined(separator: "\n").utf8))
  }
}

extension FeatureStore {
  /// The features of `pictures`: those that an earlier run left at `path` when its key fits, otherwise
  /// extracted now, going on where an interrupted run stopped.
  ///
  /// - Parameters:
  ///   - key: the fingerprint of pictures, backbone, size and precision.
  ///   - unusable: told of every picture, by its number, that could not be decoded just now.
  ///   - progress: called with the number of pictures done.
  /// - Throws: ``ExtractionInterrupted`` when `shouldStop` said so; what was done is kept.
  public static func filled(
    at path: String, key: String, pictures: [FeatureRequest],
    by extractor: () throws -> any FeatureExtractor, shapes: [FeatureShape], shouldStop: () -> Bool,
    unusable: (Int, any Error) -> Void,
    progress: (Int) -> Void
  ) throws -> (store: FeatureStore, reused: Int) {
    if let store = try? FeatureStore(path: path, key: key), store.count == pictures.count {
      return (store, pictures.count)
    }
    let writer = try FeatureStoreWriter(path: path, key: key, shapes: shapes, count: pictures.count)
    let reused = writer.written
    if reused < pictures.count {
      try extractor().extract(Array(pictures[reused...])) { index, result in
        switch result {
        case .success(let features): try writer.append(features)
        case .failure(let error):
          unusable(reused + index, error)
          try writer.appendUnusable()
        }
        progress(writer.written)
        if shouldStop() { throw ExtractionInterrupted() }
      }
    }
    return (try writer.finish(), reused)
  }
}

/// Extraction was stopped on request; the features so far are kept.
public struct ExtractionInterrupted: Error {}
