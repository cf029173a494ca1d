import Foundation
import NormaCore
import TestSupport
import Testing

@Suite("Public data sets")
struct KnownDatasetTests {
  @Test func whatIsKnownAddsUp() {
    #expect(Set(KnownDataset.all.map(\.key)).count == KnownDataset.all.count)
    for known in KnownDataset.all {
      #expect(known.source.hasPrefix("https://") && !known.licence.isEmpty, "\(known.key)")
      let categories = (known.categories ?? [:]).values
      func sum(_ part: (KnownDataset.Counts) -> Int?) -> Int? {
        let numbers = categories.compactMap(part)
        return numbers.count == categories.count && !numbers.isEmpty ? numbers.reduce(0, +) : nil
      }
      for part in [\KnownDataset.Counts.train, \.testNormal, \.testDefective] {
        guard let sum = sum({ $0[keyPath: part] }) else { continue }
        #expect(sum == known.total[keyPath: part], "\(known.key)")
      }
    }
    let mvtec = KnownDataset.named("MVTec-AD")
    #expect(mvtec?.total.train == 3629 && mvtec?.total.test == 1725)
    #expect(KnownDataset.named("nothing") == nil)
  }

  /// `toothbrush` of MVTec AD whole, `wood` with a picture too few and one too many.
  private static func tree() throws -> TemporaryFolder {
    let tree = try TemporaryFolder()
    func pictures(_ folder: String, _ count: Int) throws {
      for number in 0..<count { try tree.picture("\(folder)/\(number).png") }
    }
    try pictures("ad/toothbrush/train/good", 60)
    try pictures("ad/toothbrush/test/good", 12)
    try pictures("ad/toothbrush/test/defective", 30)
    try pictures("ad/wood/train/good", 246)
    try pictures("ad/wood/test/good", 20)
    try pictures("ad/wood/test/hole", 60)
    return tree
  }

  @Test func whatIsMissingIsNamed() throws {
    let tree = try Self.tree()
    try tree.pictures("ad/teapot/train/good", "0.png")
    let dataset = try DatasetReader.read(tree["ad"])
    let known = try #require(KnownDataset.recognized(dataset))
    #expect(known.key == "mvtec-ad")
    let check = DatasetCheck(dataset, against: known)
    #expect(!check.isComplete && check.unknown == ["teapot"])
    #expect(check.missing.count == 13 && check.missing.first == "bottle")
    let rows = Dictionary(grouping: check.rows, by: \.category).compactMapValues(\.first)
    #expect(rows["toothbrush"]?.problems == [])
    #expect(
      rows["wood"]?.problems == [
        "1 picture missing of 247 to train on", "1 picture more than the 19 normal to test with",
      ])
    #expect(rows[nil]?.problems.first == "3322 pictures missing of 3629 to train on")
    let text = check.text
    for line in ["missing: the category bottle", "not of MVTec AD: the category teapot"] {
      #expect(text.contains(line), "\(text)")
    }
  }

  @Test func whatASystemLeftThereIsNotTheDataSets() throws {
    let tree = try Self.tree()
    let before = DatasetCheck(try DatasetReader.read(tree["ad"]), against: try known())
    for folder in ["train", "train/good", "test", "test/defective"] {
      try tree.file("ad/toothbrush/\(folder)/.DS_Store", text: "x")
    }
    let dataset = try DatasetReader.read(tree["ad"])
    let after = DatasetCheck(dataset, against: try known())
    #expect(after.unusable == 0 && after.text == before.text)
    #expect(!dataset.unusable.contains { $0.reason.contains("belong") }, "\(dataset.unusable)")
  }

  private func known() throws -> KnownDataset { try #require(KnownDataset.named("mvtec-ad")) }

  @Test func theCategoriesTellDataSetsOfOneLayoutApart() throws {
    let tree = try TemporaryFolder()
    try tree.pictures("metal/tubes/train/good", "0.png")
    let dataset = try DatasetReader.read(tree["metal"])
    #expect(KnownDataset.recognized(dataset)?.key == "mpdd")
    try tree.pictures("own/thing/train/good", "0.png")
    #expect(KnownDataset.recognized(try DatasetReader.read(tree["own"])) == nil)
  }
}
