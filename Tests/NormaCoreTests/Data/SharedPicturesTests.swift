import NormaCore
import TestSupport
import Testing

@Suite("The shared pictures", .enabled(if: SharedData.isPresent, "needs the shared data"))
struct SharedPicturesTests {
  /// Category: training, normal test, defective test pictures, all with masks.
  static let counts: [String: [Int]] = [
    "bottle": [209, 20, 63], "tire": [210, 25, 87], "juice_bottle": [335, 54, 142],
    "metal_plate": [54, 26, 71], "commutator": [249, 84, 50], "magnetic_tile": [763, 189, 388],
    "pcb": [400, 120, 300],
  ]

  @Test func areCountedAsTheirDescriptionSays() throws {
    let dataset = try DatasetReader.read(SharedData.url("data/inspection7").path)
    let summary = DatasetSummary(dataset) { _ in PictureSize(width: 256, height: 256) }
    let found = summary.categories.map {
      ($0.name, [$0.train, $0.testNormal, $0.testAnomalous])
    }
    #expect(Dictionary(uniqueKeysWithValues: found) == Self.counts)
    #expect(summary.categories.allSatisfy { $0.masks == $0.testAnomalous })
    #expect(dataset.unusable.isEmpty)
    #expect(dataset.notes == ["tire/validation is not used; train, test and ground_truth are"])
  }
}
