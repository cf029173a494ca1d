import Foundation
import NormaCore
import NormaFiles
import TestSupport
import Testing

@Suite("MVTec AD's layout")
struct MVTecLayoutTests {
  static func tree() throws -> TemporaryFolder {
    let tree = try TemporaryFolder()
    try tree.pictures("set/bottle/train/good", "001.png", "000.png")
    try tree.pictures("set/bottle/test/good", "000.png")
    try tree.pictures("set/bottle/test/crack", "000.png", "001.png")
    try tree.pictures("set/bottle/ground_truth/crack", "000_mask.png")
    try tree.pictures("set/ant/train/good", "x.png")
    try tree.file("set/readme.txt", text: "about")
    return tree
  }

  @Test func readsCategoriesSplitsLabelsAndMasks() throws {
    let tree = try Self.tree()
    let dataset = try DatasetReader.read(tree["set"])
    #expect(dataset.layout == "MVTec AD")
    #expect(dataset.categories == ["ant", "bottle"])
    #expect(dataset.unusable.isEmpty)
    #expect(
      dataset.samples.map { FilePath.relative($0.path, to: dataset.root) } == [
        "ant/train/good/x.png", "bottle/test/crack/000.png", "bottle/test/crack/001.png",
        "bottle/test/good/000.png", "bottle/train/good/000.png", "bottle/train/good/001.png",
      ])
    #expect(dataset.samples[1].label == .anomalous("crack"))
    #expect(dataset.samples[1].mask == tree["set/bottle/ground_truth/crack/000_mask.png"])
    #expect(dataset.samples[2].mask == nil)
    #expect(dataset.samples[3].label == .normal)
    #expect(dataset.train.count == 3)
    #expect(dataset.test.count == 3)
    #expect(
      dataset.notes == [
        "bottle/ground_truth/crack: 1 of 2 pictures have no mask (001.png, …); "
          + "pixel metrics leave them out"
      ])
  }

  @Test func readsOneCategoryAsTheWholeDoes() throws {
    let tree = try Self.tree()
    let all = try DatasetReader.read(tree["set"]).selecting(categories: ["bottle"])
    let one = try DatasetReader.read(tree["set/bottle"])
    #expect(one.categories == ["bottle"])
    #expect(one.samples == all.samples)
    #expect(one.root == all.root)
  }

  @Test func picturesOutsideOfTheLayoutAreNamed() throws {
    let tree = try Self.tree()
    try tree.picture("set/loose.png")
    try tree.file("set/bottle/1.heic", text: "")
    for number in 2..<6 { try tree.picture("set/bottle/\(number).png") }
    try tree.file("set/bottle/license.txt", text: "")
    let notes = try DatasetReader.read(tree["set"]).notes
    #expect(notes.contains("\(tree["set"]): 1 picture in the folder itself not read (loose.png)"))
    #expect(
      notes.contains(
        "bottle: 5 pictures in the folder itself not read (1.heic, 2.png, 3.png, …)"))
  }

  /// é as one letter, and as e with an accent: two pictures with a mask each.
  @Test func namesThatOnlyLookAlikeHaveTheirOwnMasks() throws {
    let tree = try Self.tree()
    let stems = ["caf\u{E9}", "cafe\u{301}"]
    for stem in stems {
      for name in ["test/crack/\(stem).png", "ground_truth/crack/\(stem)_mask.png"] {
        let file = try #require(fopen(tree["set/bottle/" + name], "wb"))
        fwrite([0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A] as [UInt8], 1, 8, file)
        fclose(file)
      }
    }
    let dataset = try DatasetReader.read(tree["set"])
    let found = dataset.test.filter { $0.path.contains("caf") }
    // Some disks take the two names for one.
    guard found.count == 2 else { return }
    for sample in found {
      let stem = FilePath.stem(sample.path)
      let mask = try #require(sample.mask)
      #expect(Array(FilePath.stem(mask).utf8) == Array("\(stem)_mask".utf8))
    }
    #expect(!dataset.notes.contains { $0.contains("share a name") })
  }

  @Test func notesWhatItLeavesOut() throws {
    let tree = try Self.tree()
    try tree.pictures("set/bottle/validation/good", "000.png")
    try tree.pictures("set/bottle/train/bad", "000.png")
    try tree.pictures("set/bottle/ground_truth/crack", "900_mask.png", "001.png")
    try tree.pictures("set/bottle/test/good", "000.jpg")
    try tree.pictures("set/bottle/test", "stray.png")
    try tree.folder("set/papers")
    let dataset = try DatasetReader.read(tree["set"])
    let notes = dataset.notes.joined(separator: "\n")
    #expect(notes.contains("bottle/validation is not used; train, test and ground_truth are"))
    #expect(notes.contains("bottle/train/bad is not used"))
    #expect(notes.contains("papers is not a category: it has no folder train or test"))
    #expect(notes.contains("bottle/ground_truth/crack: 1 mask without a picture (900, …)"))
    #expect(notes.contains("bottle/test/good: 000.jpg and 000.png share a name"))
    #expect(
      dataset.unusable.map { FilePath.relative($0.path, to: dataset.root) } == [
        "bottle/test/stray.png", "bottle/ground_truth/crack/001.png",
      ])
    #expect(try dataset.selecting(categories: ["ant"]).unusable.isEmpty)
    #expect(dataset.unusable.allSatisfy { $0.split == .test })
    #expect(dataset.unusableForTest == dataset.unusable)
    let error = #expect(throws: DatasetProblem.self) { try dataset.selecting(categories: []) }
    #expect(error?.description.contains("no category is named") == true)
    #expect(" ant,, bottle ,".commaSeparated == ["ant", "bottle"])
    #expect(try dataset.selecting(categories: ["ant"]).notes.count == 1)
  }

  @Test func namesEveryFileThatItCannotUse() throws {
    let tree = try Self.tree()
    try tree.file("set/ant/train/good/notes.png", text: "text")
    try tree.file("set/ant/train/good/zero.png", Data())
    try tree.file("set/ant/train/good/.DS_Store", text: "hidden")
    try FileManager.default.createSymbolicLink(
      atPath: tree["set/ant/train/good/lost.png"], withDestinationPath: "/nowhere/at/all.png")
    try FileManager.default.createSymbolicLink(
      atPath: tree["set/ant/train/good/link.png"],
      withDestinationPath: tree["set/bottle/train/good/000.png"])
    mkfifo(tree["set/ant/train/good/pipe.png"], 0o600)
    let dataset = try DatasetReader.read(tree["set"])
    let reasons = Dictionary(
      uniqueKeysWithValues: dataset.unusable.map { (FilePath.name($0.path), $0.reason) })
    #expect(reasons.count == 5)
    #expect(reasons["notes.png"]?.hasPrefix("not a picture: its first bytes are 74 65") == true)
    #expect(reasons["zero.png"] == "the file is empty (0 bytes)")
    #expect(reasons[".DS_Store"] == "a hidden file (its name begins with a dot)")
    #expect(reasons["lost.png"] == "cannot be opened: there is no such file or folder")
    #expect(reasons["pipe.png"] == "it is a device or a pipe, not a regular file")
    #expect(dataset.train.contains { $0.path.hasSuffix("link.png") })
  }

  @Test func namesACategoryWithoutTrainingPictures() throws {
    let tree = try Self.tree()
    try tree.folder("set/cup/train/good")
    try tree.file("set/dish/train/good/a.png", Data())
    let dataset = try DatasetReader.read(tree["set"])
    #expect(dataset.categories == ["ant", "bottle", "cup", "dish"])
    let problem = #expect(throws: DatasetProblem.self) { try dataset.validateForTraining() }
    #expect(
      problem?.description == """
        \(tree["set"]): category 'cup' has no normal picture to train on; they belong in cup/train/good
        \(tree["set"]): category 'dish' has no normal picture to train on; 1 file in it cannot be \
        used, for instance dish/train/good/a.png: the file is empty (0 bytes)
        """)
    #expect(throws: Never.self) {
      try dataset.selecting(categories: ["ant", "bottle"]).validateForTraining()
    }
  }

  @Test func refusesAnUnknownCategory() throws {
    let tree = try Self.tree()
    let dataset = try DatasetReader.read(tree["set"])
    let problem = #expect(throws: DatasetProblem.self) {
      try dataset.selecting(categories: ["botle"])
    }
    #expect(
      problem?.description.hasSuffix(
        "there is no category 'botle' (did you mean 'bottle'?); it has ant, bottle") == true)
  }

  @Test(.disabled(if: isRoot, "root may read everything"))
  func namesFoldersAndFilesThatItMayNotRead() throws {
    let tree = try Self.tree()
    chmod(tree["set/bottle/test/crack"], 0)
    chmod(tree["set/ant/train/good/x.png"], 0)
    defer { chmod(tree["set/bottle/test/crack"], 0o755) }
    let dataset = try DatasetReader.read(tree["set"])
    #expect(
      dataset.unusable.map(\.path) == [
        tree["set/ant/train/good/x.png"], tree["set/bottle/test/crack"],
      ])
    #expect(dataset.unusable.allSatisfy { $0.reason.contains("permission denied") })
  }
}
