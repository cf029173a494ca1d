import Foundation
import NormaCore

/// Turns pictures into features: the frozen half of the work. The command line brings OpenVINO's; a
/// machine without it may bring another.
public protocol FeatureExtractor {
  /// The maps that it gives for each picture.
  var shapes: [FeatureShape] { get }

  /// Reads and extracts `pictures`, in order.
  ///
  /// - Parameters:
  ///   - consume: called once a picture, in the order of `pictures`, with its maps one after the
  ///     other, or with why it could not be used.
  /// - Throws: what `consume` throws, and failures of the engine. A picture's own failure does not.
  func extract(
    _ pictures: [FeatureRequest],
    consume: (Int, Result<UnsafeBufferPointer<Float>, any Error>) throws -> Void
  ) throws
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
