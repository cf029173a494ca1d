import Foundation
import NormaTraining
import TestSupport
import Testing

@Suite struct FeatureStoreFuzzTests {
  private func seed(_ folder: URL) throws -> Data {
    let path = folder.appendingPathComponent("seed").path
    let writer = try FeatureStoreWriter(
      path: path, key: "k", shapes: [SmallTraining.shape], count: 2)
    for features in SmallTraining.features(2) {
      try features.withUnsafeBufferPointer { try writer.append($0) }
    }
    _ = try writer.finish()
    return try Data(contentsOf: URL(fileURLWithPath: path))
  }

  @Test func mutatedStoresAreRefusedOrRead() throws {
    try withTemporaryFolder { folder in
      let path = folder.appendingPathComponent("changed")
      try Fuzzing.run("feature-store", [seed(folder)]) {
        try $0.write(to: path)
        _ = try FeatureStore(path: path.path, key: "k").batch([0])
      }
    }
  }

  @Test(arguments: [
    ("\"count\":2", "\"count\":9223372036854775807"), ("\"count\":2", "\"count\":-2"),
    ("\"channels\":6", "\"channels\":9223372036854775807"), ("\"channels\":6", "\"channels\":-6"),
    ("\"height\":4", "\"height\":4611686018427387904"),
  ])
  func impossibleSizesAreNotComputedWith(honest: String, hostile: String) throws {
    try withTemporaryFolder { folder in
      var bytes = try seed(folder)
      let length = bytes[8..<12].reversed().reduce(0) { $0 << 8 | Int($1) }
      let header = String(decoding: bytes[12..<12 + length], as: UTF8.self)
      #expect(header.contains(honest), "\(header)")
      let changed = Data(header.replacing(honest, with: hostile).utf8)
      bytes.replaceSubrange(12..<12 + changed.count, with: changed)
      withUnsafeBytes(of: UInt32(changed.count).littleEndian) {
        bytes.replaceSubrange(8..<12, with: $0)
      }
      let path = folder.appendingPathComponent("changed").path
      try bytes.write(to: URL(fileURLWithPath: path))
      let error = #expect(throws: FeatureStoreError.self) {
        try FeatureStore(path: path, key: "k")
      }
      #expect(error?.description.contains("is not a feature store") == true)
    }
  }
}
