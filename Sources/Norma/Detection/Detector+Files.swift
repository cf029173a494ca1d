import Foundation
import NormaCore
import NormaFiles

/// A picture file and what became of it.
public enum FileDetection: Sendable {
  case detected(Detection)
  /// It could not be read.
  case unreadable(FileProblem)
}

extension Detector {
  /// Inspects picture files, several at once, and hands the results over in the order of `paths`, on
  /// the calling thread. A picture that cannot be read does not stop the others; anything else that
  /// goes wrong, and whatever `deliver` throws, does. Memory is bounded however many files there are.
  public func detect(
    _ paths: [String], reader: PictureReader = PictureReader(),
    deliver: (Int, FileDetection) throws -> Void
  ) throws {
    try detect(paths, reader: reader, refine: { _, detection in detection }, deliver: deliver)
  }

  /// The same with `refine`, which is called on the working threads, side by side, to make of each
  /// detection what is to be delivered. A `disturbance` changes each picture before the network sees it.
  func detect<Refined: Sendable>(
    _ paths: [String], reader: PictureReader, disturbance: Disturbance? = nil,
    refine: @escaping @Sendable (Int, FileDetection) throws -> Refined,
    deliver: (Int, Refined) throws -> Void
  ) throws {
    // One more than the requests, so that one decodes while the others compute.
    let workers = try paths.count == 1 ? 1 : optimalConcurrency() + 1
    try OrderedPipeline.run(count: paths.count, workers: workers) { [self] in
      let session = try session()
      let size = imageSize
      return { item in
        try refine(item, Self.detect(paths[item], reader, session, size, disturbance))
      }
    } deliver: {
      try deliver($0, $1)
    }
  }

  private static func detect(
    _ path: String, _ reader: PictureReader, _ session: DetectionSession, _ imageSize: Int,
    _ disturbance: Disturbance?
  ) throws -> FileDetection {
    var picture: Picture
    do {
      picture = try reader.read(path, size: imageSize)
    } catch let problem as FileProblem {
      return .unreadable(problem)
    }
    if let disturbance { picture = try picture.disturbed(by: disturbance, path: path) }
    return .detected(try session.detect(picture, name: path))
  }
}
