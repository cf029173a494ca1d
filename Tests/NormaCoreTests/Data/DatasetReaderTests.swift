import Foundation
import NormaCore
import NormaFiles
import TestSupport
import Testing

@Suite("Plain folders")
struct FolderLayoutTests {
  @Test func subfoldersAreCategories() throws {
    let tree = try TemporaryFolder()
    try tree.pictures("mine/screws", "b.png", "a.jpg")
    try tree.pictures("mine/nuts", "a.png")
    try tree.pictures("mine/nuts/deeper", "x.png")
    try tree.folder("mine/.hidden")
    let dataset = try DatasetReader.read(tree["mine"])
    #expect(dataset.layout == "folder")
    #expect(dataset.categories == ["nuts", "screws"])
    #expect(dataset.samples.map { FilePath.name($0.path) } == ["a.png", "a.jpg", "b.png"])
    #expect(dataset.samples.allSatisfy { $0.split == .train && $0.label == .normal })
    #expect(dataset.notes == ["nuts: folders inside it are not read (deeper)"])
  }

  @Test func picturesDirectlyAreOneCategory() throws {
    let tree = try TemporaryFolder()
    try tree.pictures("screws", "b.png", "a.png")
    let dataset = try DatasetReader.read(tree["screws"])
    #expect(dataset.categories == ["screws"])
    #expect(dataset.train.count == 2)
    #expect(throws: DatasetProblem.self) { try dataset.validateForEvaluation() }
  }

  @Test func bothAtOnceIsRefused() throws {
    let tree = try TemporaryFolder()
    try tree.pictures("mine", "a.png")
    try tree.pictures("mine/nuts", "a.png")
    let problem = #expect(throws: DatasetProblem.self) { try DatasetReader.read(tree["mine"]) }
    #expect(problem?.description.contains("not clear what the categories are") == true)
  }

  @Test func nothingFoundExplainsTheLayouts() throws {
    let tree = try TemporaryFolder()
    try tree.file("mine/readme.png", text: "text")
    try tree.folder("empty")
    for name in ["mine", "empty"] {
      let problem = #expect(throws: DatasetProblem.self) { try DatasetReader.read(tree[name]) }
      let text = problem?.description ?? ""
      #expect(text.contains("\(tree[name]): no usable picture was found here"))
      #expect(text.contains("MVTec AD's layout"))
      #expect(text.contains("a plain folder"))
      #expect(text.contains("path,category,split,label,mask"))
      #expect(text.contains("readme.png: not a picture") == (name == "mine"))
    }
  }

  @Test func aFolderOfFoldersIsAnEmptyCategory() throws {
    let tree = try TemporaryFolder()
    try tree.pictures("mine/a", "1.png")
    try tree.pictures("mine/b/deeper", "1.png")
    let dataset = try DatasetReader.read(tree["mine"])
    let problem = #expect(throws: DatasetProblem.self) { try dataset.validateForTraining() }
    #expect(
      problem?.description == "\(tree["mine"]): category 'b' has no normal picture to train on "
        + "(b: folders inside it are not read (deeper))")
  }

  @Test func saysWhatWasNamedInstead() throws {
    let tree = try TemporaryFolder()
    try tree.picture("a.png")
    #expect(throws: FileProblem.self) { try DatasetReader.read(tree["none"]) }
    let problem = #expect(throws: DatasetProblem.self) { try DatasetReader.read(tree["a.png"]) }
    #expect(problem?.description.contains("not a single file") == true)
  }

  /// Another data set's layout must not slip through with its defects as normal pictures.
  @Test func deeperLayoutsAreNotTakenAsNormal() throws {
    let tree = try TemporaryFolder()
    try tree.pictures("set/01/train/fine", "a.png")
    try tree.pictures("set/01/test/broken", "a.png")
    let dataset = try DatasetReader.read(tree["set"])
    #expect(dataset.train.isEmpty)
    let problem = #expect(throws: DatasetProblem.self) { try dataset.validateForTraining() }
    #expect(problem?.description.contains("they belong in 01/train/good") == true)
  }
}

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
