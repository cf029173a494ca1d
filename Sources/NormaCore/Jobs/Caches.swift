import Foundation
import NormaFiles

/// What Norma keeps to save time and can make again: computed features, compiled graphs, decoders of
/// portraits. Together they stay below a bound; what was used least recently goes first.
public struct Caches: Sendable {
  /// The folder that they lie in.
  public let folder: String

  /// Folders of one kind each, and what people call them. Imported weights are none: they cannot be made again.
  public static let kinds = [
    "features": "features", "openvino": "compiled graphs", "decoders": "decoders",
  ]

  /// - Parameter folder: `Home.norma`, where nothing else is said.
  public init(_ folder: String = Home.norma) { self.folder = folder }

  /// How many bytes they may have together: `NORMA_CACHE_GB`, else 20 GB.
  public static var limit: Int {
    let text = ProcessInfo.processInfo.environment["NORMA_CACHE_GB"]
    let gigabytes = text.flatMap(Double.init).flatMap { (0...1_000_000).contains($0) ? $0 : nil }
    return Int((gigabytes ?? 20) * 1e9)
  }

  /// One thing that is kept, in one or several files of one name.
  public struct Entry: Sendable, Equatable {
    public var kind: String
    /// Bytes on the disk.
    public var bytes: Int
    /// Nanoseconds since 1970.
    public var lastUsed: Int64
    /// All but the lock.
    fileprivate var paths: [String]
    fileprivate var lock: String?
  }

  /// All that there is, least recently used first.
  public func entries() -> [Entry] {
    Self.kinds.keys.sorted().flatMap(entries(of:)).sorted {
      ($0.lastUsed, $0.kind, $0.paths.first ?? "") < ($1.lastUsed, $1.kind, $1.paths.first ?? "")
    }
  }

  /// Removes what was used least recently until no more than `limit` bytes are left.
  /// - Returns: how many bytes were removed. What another process uses stays.
  @discardableResult
  public func trim(to limit: Int = Caches.limit) -> Int {
    for kind in Self.kinds.keys { Scratch.removeLeftovers(in: folder + "/" + kind) }
    let all = entries()
    var left = all.reduce(0) { $0 + $1.bytes }
    var removed = 0
    for entry in all where left > limit && remove(entry) {
      left -= entry.bytes
      removed += entry.bytes
    }
    return removed
  }

  /// Removes what was used least recently until the disk has room for so many bytes more.
  /// - Returns: how many bytes the disk has then; nil where that cannot be known.
  package func makeRoom(for bytes: Int) -> Int? {
    guard var free = freeBytes() else { return nil }
    // Of a disk that is filled to the last byte nobody has any good.
    let wanted = bytes + (256 << 20)
    for entry in entries() where free < wanted && remove(entry) { free = freeBytes() ?? wanted }
    return free
  }

  /// By kind, for people.
  public func summary() -> String {
    let sizes = Dictionary(grouping: entries(), by: \.kind).mapValues {
      $0.reduce(0) { $0 + $1.bytes }
    }
    let parts = Self.kinds.sorted { $0.key < $1.key }.map {
      "\($0.value) \(Self.size(sizes[$0.key] ?? 0))"
    }
    return parts.joined(separator: ", ") + "; at most \(Self.size(Self.limit)) (NORMA_CACHE_GB)"
  }

  /// `3.2 GB`.
  public static func size(_ bytes: Int) -> String {
    bytes < 1_000_000_000
      ? String(format: "%.0f MB", Double(bytes) / 1e6)
      : String(format: "%.1f GB", Double(bytes) / 1e9)
  }

  private func entries(of kind: String) -> [Entry] {
    let place = folder + "/" + kind
    guard let listing = try? FolderListing(place) else { return [] }
    var found: [String: Entry] = [:]
    for name in listing.files + listing.folders {
      // Named by a digest; what else lies there, such as noted digests of pictures, is small and stays.
      let key = String(name.prefix(32))
      guard key.count == 32, key.allSatisfy(\.isHexDigit) else { continue }
      let path = place + "/" + name
      var entry = found[key] ?? Entry(kind: kind, bytes: 0, lastUsed: 0, paths: [])
      entry.lastUsed = max(entry.lastUsed, (try? FileKey(of: path))?.modified ?? 0)
      if name.hasSuffix(".lock") {
        entry.lock = path
      } else {
        entry.paths.append(path)
        entry.bytes += Self.bytes(of: path)
      }
      found[key] = entry
    }
    return found.values.filter { !$0.paths.isEmpty }
  }

  private static func bytes(of path: String) -> Int {
    guard let listing = try? FolderListing(path) else { return (try? FileKey(of: path))?.size ?? 0 }
    return (listing.files + listing.folders).reduce(0) { $0 + bytes(of: path + "/" + $1) }
  }

  /// False when another process uses it. The lock stays: who waits for it must find the same.
  private func remove(_ entry: Entry) -> Bool {
    var lock: FileLock?
    if let path = entry.lock {
      guard let taken = try? FileLock(path) else { return false }
      lock = taken
    }
    defer { withExtendedLifetime(lock) {} }
    for path in entry.paths { Scratch.remove(path) }
    return true
  }

  private func freeBytes() -> Int? {
    var status = statvfs()
    guard statvfs(folder, &status) == 0 else { return nil }
    return Int(clamping: UInt64(status.f_bavail) * UInt64(status.f_frsize))
  }
}
