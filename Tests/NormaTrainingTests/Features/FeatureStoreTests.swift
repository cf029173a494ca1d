import Foundation
import NormaTraining
import Testing
import Torch

struct FeatureStoreTests {
  private let shape = SmallTraining.shape

  /// The nearest 16-bit brain float, ties to even.
  private func rounded(_ value: Float) -> Float {
    let low = Float(bitPattern: value.bitPattern & 0xFFFF_0000)
    let high = Float(bitPattern: (value.bitPattern & 0xFFFF_0000) &+ 0x1_0000)
    let (down, up) = (abs(value - low), abs(high - value))
    if down == up { return low.bitPattern & 0x1_0000 == 0 ? low : high }
    return down < up ? low : high
  }

  @Test func whatGoesInComesOutRoundedToBrainFloats() throws {
    try withTemporaryFolder { folder in
      let store = try SmallTraining.store(in: folder, count: 5)
      let features = SmallTraining.features(5)
      let batch = try store.batch([3, 0])
      #expect(batch.count == 1 && batch[0].shape == [2, 6, 4, 4])
      #expect(try batch[0].floats() == (features[3] + features[0]).map(rounded))
      #expect(store.usable == [true, true, true, true, true])
    }
  }

  @Test func statisticsAreThoseOfTheChosenPictures() throws {
    try withTemporaryFolder { folder in
      let store = try SmallTraining.store(in: folder, count: 6)
      let found = store.statistics(level: 0, of: [1, 4])
      let values = [1, 4].flatMap { SmallTraining.features(6)[$0][16..<32] }.map(rounded)
      let mean = values.reduce(0, +) / 32
      let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 32
      #expect(abs(found.mean[1] - mean) < 1e-5)
      #expect(abs(found.deviation[1] - variance.squareRoot()) < 1e-5)
    }
  }

  @Test func anInterruptedStoreGoesOnAndADamagedRecordIsMadeAgain() throws {
    try withTemporaryFolder { folder in
      let path = folder.appendingPathComponent("features").path
      let features = SmallTraining.features(6)
      func write(_ range: Range<Int>, to writer: FeatureStoreWriter) throws {
        for index in range { try features[index].withUnsafeBufferPointer { try writer.append($0) } }
      }
      func open(key: String = "k") throws -> FeatureStoreWriter {
        try FeatureStoreWriter(path: path, key: key, shapes: [shape], count: 6)
      }
      try write(0..<4, to: open())
      #expect(!FileManager.default.fileExists(atPath: path))
      #expect(try open().written == 4)
      // A byte of the third record changes, as after a crash that lost a page.
      var bytes = try Data(contentsOf: URL(fileURLWithPath: path + ".partial"))
      let record = (bytes.count - 4096) / 4
      bytes[4096 + 2 * record + 7] ^= 1
      try bytes.write(to: URL(fileURLWithPath: path + ".partial"))
      let writer = try open()
      #expect(writer.written == 2)
      try write(2..<6, to: writer)
      let store = try writer.finish()
      #expect(try store.batch([2])[0].floats() == features[2].map(rounded))
      #expect(
        try FeatureStoreWriter(path: path, key: "other", shapes: [shape], count: 6).written == 0)
    }
  }

  @Test func aStoreIsNotBelievedWhenStaleOrDamaged() throws {
    try withTemporaryFolder { folder in
      _ = try SmallTraining.store(in: folder)
      let path = folder.appendingPathComponent("features").path
      #expect(throws: FeatureStoreError.self) { try FeatureStore(path: path, key: "other") }
      _ = try FeatureStore(path: path, key: "k")
      var bytes = try Data(contentsOf: URL(fileURLWithPath: path))
      bytes[5000] ^= 1
      try bytes.write(to: URL(fileURLWithPath: path))
      let damaged = #expect(throws: FeatureStoreError.self) {
        try FeatureStore(path: path, key: "k")
      }
      #expect(damaged?.description.contains("damaged at picture") == true)
      try bytes.dropLast(1).write(to: URL(fileURLWithPath: path))
      #expect(throws: FeatureStoreError.self) { try FeatureStore(path: path, key: "k") }
      try Data("no store".utf8).write(to: URL(fileURLWithPath: path))
      #expect(throws: FeatureStoreError.self) { try FeatureStore(path: path, key: "k") }
    }
  }

  @Test func anUnusablePictureKeepsItsPlace() throws {
    try withTemporaryFolder { folder in
      struct Broken: Error {}
      struct Extractor: FeatureExtractor {
        var shapes: [FeatureShape] { [SmallTraining.shape] }
        func extract(
          _ pictures: [FeatureRequest],
          consume: (Int, Result<UnsafeBufferPointer<Float>, any Error>) throws -> Void
        ) throws {
          for (index, path) in pictures.map(\.path).enumerated() {
            if path == "b" {
              try consume(index, .failure(Broken()))
            } else {
              let values = SmallTraining.features(3)[path == "a" ? 0 : 2]
              try values.withUnsafeBufferPointer { try consume(index, .success($0)) }
            }
          }
        }
      }
      var unusable: [Int] = []
      func fill() throws -> (store: FeatureStore, reused: Int) {
        try FeatureStore.filled(
          at: folder.appendingPathComponent("s").path, key: "k",
          pictures: ["a", "b", "c"].map { FeatureRequest(path: $0) },
          by: { Extractor() }, shapes: [shape], shouldStop: { false },
          unusable: { index, _ in unusable.append(index) }, progress: { _ in })
      }
      let first = try fill()
      #expect(first.store.usable == [true, false, true] && first.reused == 0)
      #expect(unusable == [1])
      #expect(try fill().reused == 3)
    }
  }
}
