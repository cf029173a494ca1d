import CommandLineBasics
import Foundation
import NormaCore

/// Fingerprints of pictures, whose digests are kept from run to run.
enum PictureFingerprint {
  /// - Throws: `Interrupted` when a stop is requested, `FileProblem` when a picture cannot be read.
  static func of(
    _ pictures: [Sample], root: String, cancellation: Cancellation
  ) throws -> String {
    let cache = DigestCache(path: try Home.folder("features") + "/digests.json")
    let progress = ProgressLine("Reading the pictures", total: pictures.count, unit: "pictures")
    defer { progress.clear() }
    var done = 0
    let fingerprint = try DatasetFingerprint.of(
      pictures, root: root,
      digest: { path, key in
        done += 1
        progress.update(done)
        try cancellation.check("Stopped; nothing was begun.")
        return try cache.digest(path, key)
      })
    try cache.save()
    return fingerprint
  }
}
