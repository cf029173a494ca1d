import NormaCore
import TestSupport
import Testing

@Suite("BTAD's layout")
struct BTADLayoutTests {
  private static func tree() throws -> TemporaryFolder {
    let tree = try TemporaryFolder()
    try tree.pictures("btad/01/train/ok", "0000.png", "0001.png")
    try tree.pictures("btad/01/test/ok", "0002.png")
    try tree.pictures("btad/01/test/ko", "0000.png", "0003.png")
    try tree.pictures("btad/01/ground_truth/ko", "0000.png")
    try tree.pictures("btad/02/train/ok", "0000.png")
    return tree
  }

  @Test func okIsNormalAndMasksAreCalledAsTheirPictures() throws {
    let tree = try Self.tree()
    let dataset = try DatasetReader.read(tree["btad"])
    #expect(dataset.layout == "BTAD" && dataset.categories == ["01", "02"])
    #expect(dataset.unusable.isEmpty)
    #expect(dataset.train.count == 3 && dataset.train.allSatisfy { $0.label == .normal })
    let test = dataset.test.sorted { $0.path < $1.path }
    #expect(test.map(\.label) == [.anomalous("ko"), .anomalous("ko"), .normal])
    #expect(test[0].mask == tree["btad/01/ground_truth/ko/0000.png"])
    #expect(test[1].mask == nil)
    #expect(
      dataset.notes == [
        "01/ground_truth/ko: 1 of 2 pictures have no mask (0003.png, …); "
          + "pixel metrics leave them out"
      ])
    #expect(try DatasetReader.read(tree["btad/01"]).layout == "BTAD")
  }

  /// A category with both is MVTec AD's, where `ok` is a folder that nobody knows.
  @Test func goodBesidesOkIsMVTec() throws {
    let tree = try Self.tree()
    try tree.pictures("btad/01/train/good", "0000.png")
    let dataset = try DatasetReader.read(tree["btad/01"])
    #expect(dataset.layout == "MVTec AD" && dataset.train.count == 1)
    #expect(dataset.notes.contains { $0.contains("01/train/ok is not used") })
  }
}

@Suite("OCT-2017's layout")
struct OCTLayoutTests {
  @Test func diseasesAreDefectsOfOneCategory() throws {
    let tree = try TemporaryFolder()
    try tree.pictures("OCT2017/train/NORMAL", "NORMAL-1.png", "NORMAL-2.png")
    try tree.pictures("OCT2017/train/CNV", "CNV-1.png")
    try tree.pictures("OCT2017/test/NORMAL", "NORMAL-3.png")
    for disease in ["CNV", "DME", "DRUSEN"] {
      try tree.pictures("OCT2017/test/\(disease)", "\(disease)-2.png")
    }
    try tree.pictures("OCT2017/val/NORMAL", "NORMAL-4.png")
    let dataset = try DatasetReader.read(tree["OCT2017"])
    #expect(dataset.layout == "OCT-2017" && dataset.categories == ["OCT2017"])
    #expect(dataset.train.count == 2 && dataset.train.allSatisfy { $0.label == .normal })
    #expect(
      dataset.test.sorted { $0.path < $1.path }.map(\.label)
        == [.anomalous("CNV"), .anomalous("DME"), .anomalous("DRUSEN"), .normal])
    #expect(dataset.samples.allSatisfy { $0.mask == nil } && dataset.unusable.isEmpty)
    #expect(dataset.notes.contains { $0.contains("train/CNV is not used") })
    #expect(dataset.notes.contains { $0.contains("val is not used") })
    #expect(throws: Never.self) { try dataset.validateForTraining() }
  }
}
