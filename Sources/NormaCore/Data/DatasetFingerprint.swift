import Foundation
import NormaFiles

/// What identifies the pictures that something was made from: SHA-256 over each one's path relative
/// to the data set, size in bytes and content. Independent of where the data set lies and of the
/// order of the samples.
public enum DatasetFingerprint {
  /// - Parameters:
  ///   - samples: the pictures used; their labels and masks do not count.
  ///   - root: the data set's folder (`Dataset.root`).
  ///   - digest: the content's SHA-256; pass one that remembers digests by path and `FileKey` to
  ///     avoid reading every picture again.
  /// - Throws: `FileProblem` when a picture cannot be read.
  public static func of(
    _ samples: [Sample], root: String,
    digest: (_ path: String, _ key: FileKey) throws -> String = { path, _ in
      try Digest.sha256(file: path)
    }
  ) throws -> String {
    let lines = try samples.map { sample in
      let key = try FileKey(of: sample.path)
      let name = FilePath.relative(sample.path, to: root)
      return "\(name)\0\(key.size)\0\(try digest(sample.path, key))\n"
    }
    return Digest.sha256(Data(lines.sorted().joined().utf8))
  }
}
