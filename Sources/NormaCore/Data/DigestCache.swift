import Foundation
import NormaFiles

/// Remembers the digests of pictures, so that a data set that has not changed is not read again only
/// to find that out. A digest is believed while the file's size and times are those that it was
/// computed with.
public final class DigestCache {
  private struct Entry: Codable {
    var key: FileKey
    var digest: String
  }

  private let path: String
  private var entries: [String: Entry]
  private var changed = false

  /// - Parameter path: the cache's file; one that is missing or damaged begins empty.
  public init(path: String) {
    self.path = path
    let data = try? Data(contentsOf: URL(fileURLWithPath: path))
    entries = data.flatMap { try? JSONDecoder().decode([String: Entry].self, from: $0) } ?? [:]
  }

  /// The SHA-256 of the file at `path`, whose key is `key`.
  public func digest(_ path: String, _ key: FileKey) throws -> String {
    if let known = entries[path], known.key == key { return known.digest }
    let digest = try Digest.sha256(file: path)
    entries[path] = Entry(key: key, digest: digest)
    changed = true
    return digest
  }

  /// Keeps what was computed. Files that no longer exist are forgotten.
  public func save() throws {
    guard changed else { return }
    let present = entries.filter { FileManager.default.fileExists(atPath: $0.key) }
    try AtomicFile.write(JSONEncoder().encode(present), to: path)
    changed = false
  }
}
