import Foundation
import NormaCore
import NormaFiles
import TestSupport
import Testing

@Suite("The Kolektor data sets' layouts")
struct KolektorLayoutTests {
  /// Masks are text here: `empty`, `marked`, or what is wrong with them.
  private func isEmpty(_ path: String) throws -> Bool {
    let text = try String(contentsOfFile: path, encoding: .utf8)
    guard ["empty", "marked"].contains(text) else { throw FileProblem(path: path, reason: text) }
    return text == "empty"
  }

  @Test func theFirstSplitsItsItemsAndLooksIntoMasks() throws {
    let tree = try TemporaryFolder()
    for item in 1...4 {
      let folder = "KolektorSDD/kos0\(item)"
      try tree.pictures(folder, "Part0.jpg", "Part1.jpg")
      try tree.file("\(folder)/Part0_label.bmp", text: "empty")
      try tree.file("\(folder)/Part1_label.bmp", text: item == 2 ? "marked" : "empty")
    }
    let dataset = try DatasetReader.read(tree["KolektorSDD"], isEmptyMask: isEmpty)
    #expect(dataset.layout == "KolektorSDD" && dataset.categories == ["KolektorSDD"])
    #expect(dataset.unusable.isEmpty, "\(dataset.unusable)")
    let names = { (sample: Sample) in
      FilePath.name(FilePath.parent(sample.path)) + "/" + FilePath.name(sample.path)
    }
    #expect(
      dataset.train.map(names) == [
        "kos01/Part0.jpg", "kos01/Part1.jpg", "kos02/Part0.jpg", "kos03/Part0.jpg",
        "kos03/Part1.jpg",
      ])
    #expect(dataset.test.map(names) == ["kos02/Part1.jpg", "kos04/Part0.jpg", "kos04/Part1.jpg"])
    #expect(dataset.test.map(\.label) == [.anomalous("defect"), .normal, .normal])
    #expect(dataset.test[0].mask == tree["KolektorSDD/kos02/Part1_label.bmp"])
    #expect(KnownDataset.recognized(dataset)?.key == "kolektor-sdd")
  }

  @Test func theSecondHasItsSplit() throws {
    let tree = try TemporaryFolder()
    for (name, mask) in [
      ("train/1", "empty"), ("train/2", "marked"), ("test/3", "empty"), ("test/4", "marked"),
    ] {
      try tree.picture("K2/\(name).png")
      try tree.file("K2/\(name)_GT.png", text: mask)
    }
    let dataset = try DatasetReader.read(tree["K2"], isEmptyMask: isEmpty)
    #expect(dataset.layout == "KolektorSDD2")
    #expect(dataset.train.map(\.path) == [tree["K2/train/1.png"]])
    #expect(dataset.test.map(\.label) == [.normal, .anomalous("defect")])
    #expect(dataset.test[1].mask == tree["K2/test/4_GT.png"])
    #expect(
      dataset.notes == ["train: 1 defective picture left out; only normal pictures are trained on"])
    #expect(KnownDataset.recognized(dataset)?.key == "kolektor-sdd2")
  }

  @Test func masksThatCannotBeReadAreNamed() throws {
    let tree = try TemporaryFolder()
    try tree.picture("K2/test/cut.png")
    try tree.file("K2/test/cut_GT.png", text: "it is cut short")
    try tree.picture("K2/train/1.png")
    try tree.file("K2/train/1_GT.png", text: "empty")
    try tree.picture("K2/train/bare.png")
    let dataset = try DatasetReader.read(tree["K2"], isEmptyMask: isEmpty)
    #expect(dataset.test.isEmpty && dataset.train.count == 1)
    let reasons = Dictionary(
      uniqueKeysWithValues: dataset.unusable.map { (FilePath.stem($0.path), $0.reason) })
    #expect(reasons["cut_GT"] == "it is cut short")
    #expect(reasons["bare"]?.contains("it has no mask bare_GT") == true)
  }

  /// Without something that decodes masks nothing can be said, and nothing is guessed.
  @Test func withoutADecoderTheyAreRefused() throws {
    let tree = try TemporaryFolder()
    try tree.pictures("K1/kos01", "Part0.jpg")
    try tree.file("K1/kos01/Part0_label.bmp", text: "empty")
    for split in ["train", "test"] {
      try tree.picture("K2/\(split)/1.png")
      try tree.file("K2/\(split)/1_GT.png", text: "empty")
    }
    for (folder, layout) in [("K1", "KolektorSDD"), ("K2", "KolektorSDD2")] {
      let problem = #expect(throws: DatasetProblem.self) { try DatasetReader.read(tree[folder]) }
      #expect(problem?.description.contains("only the masks of \(layout) say") == true)
    }
  }
}
