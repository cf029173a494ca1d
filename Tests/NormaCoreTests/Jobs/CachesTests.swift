import Foundation
import NormaCore
import NormaFiles
import TestSupport
import Testing

@Suite("Caches")
struct CachesTests {
  private static let names = ["a", "b", "c"].map { String(repeating: $0, count: 32) }

  /// Three of features, 100 bytes each, used one after the other, and what is no entry.
  private func tree() throws -> TemporaryFolder {
    let tree = try TemporaryFolder()
    for (index, name) in Self.names.enumerated() {
      for file in ["\(name).features", "\(name).features.lock"] {
        let path = try tree.file("features/" + file, Data(count: file.hasSuffix("lock") ? 0 : 100))
        try FileManager.default.setAttributes(
          [.modificationDate: Date(timeIntervalSince1970: Double(1_000_000 + index))],
          ofItemAtPath: path)
      }
    }
    try tree.file("features/digests.json", text: "[]")
    try tree.file("weights/efficientnet-b4.safetensors", Data(count: 1000))
    return tree
  }

  @Test func whatWasUsedLeastRecentlyGoesFirst() throws {
    let tree = try tree()
    let caches = Caches(tree.path)
    #expect(caches.entries().map(\.bytes) == [100, 100, 100])
    #expect(caches.trim(to: 250) == 100)
    #expect(!FilePath.exists(tree["features/\(Self.names[0]).features"]))
    #expect(FilePath.exists(tree["features/\(Self.names[1]).features"]))
    // Taking the lock is using it.
    _ = try FileLock(tree["features/\(Self.names[1]).features.lock"])
    #expect(caches.trim(to: 100) == 100)
    #expect(FilePath.exists(tree["features/\(Self.names[1]).features"]))
    #expect(caches.trim(to: 0) == 100)
    #expect(FilePath.exists(tree["features/digests.json"]))
    #expect(FilePath.exists(tree["weights/efficientnet-b4.safetensors"]))
  }

  @Test func whatIsInUseStays() throws {
    let tree = try tree()
    let lock = try #require(try FileLock(tree["features/\(Self.names[0]).features.lock"]))
    #expect(Caches(tree.path).trim(to: 0) == 200)
    #expect(FilePath.exists(tree["features/\(Self.names[0]).features"]))
    withExtendedLifetime(lock) {}
  }

  @Test func whatKilledWritersLeftIsSwept() throws {
    let tree = try tree()
    try tree.file("openvino/.x.writing-1abc/blob", text: "half")
    try tree.file("features/.digests.json.writing-2", text: "half")
    Caches(tree.path).trim()
    #expect(!FilePath.exists(tree["openvino/.x.writing-1abc"]))
    #expect(!FilePath.exists(tree["features/.digests.json.writing-2"]))
  }
}
