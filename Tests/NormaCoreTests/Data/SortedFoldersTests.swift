import NormaCore
import NormaFiles
import TestSupport
import Testing

@Suite("Folders that are named as good, defects or masks")
struct SortedFoldersTests {
  private func names(_ samples: [Sample], _ root: String) -> [String] {
    samples.map { "\(FilePath.relative($0.path, to: root)) \($0.label.defect ?? "normal")" }
  }

  /// None of them may train as categories of normal pictures.
  @Test(arguments: [
    ["good", "NG", "mask"], ["OK", "NG"], ["normal", "abnormal"],
    ["good", "defect", "ground_truth"],
    ["Gut", "Schlecht"], ["iO", "n.i.O."], ["bons", "défauts"], ["buenos", "malos"],
    ["buoni", "difettosi"], ["良品", "不良品"], ["годные", "брак"], ["양품", "불량"],
    ["defect-free", "defective_2"], ["ok", "not_ok"], ["ohne Fehler", "Fehler"],
    ["fehlerfrei", "fehlerhaft"], ["screws", "screws_NG"], ["good_parts", "BadParts"],
  ])
  func sideBySideTheyAreAsked(folders: [String]) throws {
    let tree = try TemporaryFolder()
    for folder in folders { try tree.pictures("line/\(folder)", "1.png", "2.png") }
    let problem = try #require(
      #expect(throws: DatasetProblem.self) { try DatasetReader.read(tree["line"]) })
    #expect(problem.description.contains("--layout defects"))
    #expect(problem.description.contains("--layout categories"))
    #expect(problem.description.contains("\(folders[0]) (2) is normal"), "\(problem)")
    #expect(problem.description.contains("\(folders[1]) (2) are defects"), "\(problem)")

    let categories = try DatasetReader.read(tree["line"], folders: .categories)
    #expect(categories.train.count == 2 * folders.count && categories.test.isEmpty)
    let defects = try DatasetReader.read(tree["line"], folders: .defects)
    #expect(defects.categories == ["line"])
    #expect(defects.train.map(\.path) == ["1", "2"].map { tree["line/\(folders[0])/\($0).png"] })
    #expect(
      defects.test.map(\.path) == ["1", "2"].map { tree["line/\(folders[1])/\($0).png"] })
    #expect(defects.test.allSatisfy { $0.label == .anomalous(folders[1]) })
  }

  @Test(arguments: [["bottle", "tire"], ["good", "bottle"], ["lid 2", "lid 3"], ["01", "02"]])
  func productsAreNot(folders: [String]) throws {
    let tree = try TemporaryFolder()
    for folder in folders { try tree.pictures("set/\(folder)", "1.png") }
    #expect(try DatasetReader.read(tree["set"]).categories == folders.sorted())
  }

  @Test func masksMarkDefectsByTheirNames() throws {
    let tree = try TemporaryFolder()
    try tree.pictures("line/good", "a.png")
    try tree.pictures("line/NG", "1.png", "2.png", "3.png")
    try tree.pictures("line/mask", "1_mask.png")
    try tree.pictures("line/mask/NG", "2.png")
    let found = try DatasetReader.read(tree["line"], folders: .defects)
    #expect(found.layout == "good and defects")
    #expect(names(found.train, tree["line"]) == ["good/a.png normal"])
    #expect(
      found.test.map(\.mask) == [tree["line/mask/1_mask.png"], tree["line/mask/NG/2.png"], nil])
    #expect(
      found.notes == [
        "line: good is taken as normal and trained on, NG as defects and tested with; "
          + "2 of 3 pictures have a mask"
      ])
  }

  @Test func picturesBesideAFolderOfDefectsAreTheNormalOnes() throws {
    let tree = try TemporaryFolder()
    try tree.pictures("line", "a.png")
    try tree.pictures("line/NG", "1.png")
    let problem = try #require(
      #expect(throws: DatasetProblem.self) { try DatasetReader.read(tree["line"]) })
    #expect(problem.description.contains("the pictures in the folder itself (1) is normal"))
    let found = try DatasetReader.read(tree["line"], folders: .defects)
    #expect(names(found.samples, tree["line"]) == ["NG/1.png NG", "a.png normal"])
  }

  @Test func whichIsNormalMustBeClear() throws {
    let tree = try TemporaryFolder()
    for folder in ["bottle", "tire", "NG"] { try tree.pictures("set/\(folder)", "1.png") }
    let problem = try #require(
      #expect(throws: DatasetProblem.self) {
        try DatasetReader.read(tree["set"], folders: .defects)
      })
    #expect(problem.description.contains("(NG, bottle, tire); name it good"))
  }

  @Test func categoriesMayEachBeSorted() throws {
    let tree = try TemporaryFolder()
    try tree.pictures("set/lid/OK", "a.png")
    try tree.pictures("set/lid/NG", "1.png")
    try tree.pictures("set/cup/OK", "a.png")
    try tree.pictures("set/cup/NG", "1.png")
    try tree.pictures("set/other", "a.png")
    let found = try DatasetReader.read(tree["set"])
    #expect(found.layout == "good and defects" && found.categories == ["cup", "lid"])
    #expect(
      names(found.samples, tree["set"]) == [
        "cup/NG/1.png NG", "cup/OK/a.png normal", "lid/NG/1.png NG", "lid/OK/a.png normal",
      ])
    #expect(
      found.notes.contains(
        "other is not a category: it has no folders named as good and as defects"))
    #expect(throws: Never.self) { try found.validateForTraining() }
  }

  @Test(arguments: [("Train/Good", "Test"), ("TRAIN/GOOD", "TEST"), ("train/OK", "test")])
  func capitalsAndOtherWordsAreMVTecs(good: String, test: String) throws {
    let tree = try TemporaryFolder()
    let word = String(good.split(separator: "/")[1])
    try tree.pictures("set/lid/\(good)", "a.png")
    try tree.pictures("set/lid/\(test)/\(word)", "b.png")
    try tree.pictures("set/lid/\(test)/NG", "1.png")
    try tree.pictures("set/lid/Ground_Truth/NG", "1_mask.png")
    for path in ["set", "set/lid"] {
      let found = try DatasetReader.read(tree[path])
      #expect(found.layout == "MVTec AD" && found.categories == ["lid"], "\(found.notes)")
      #expect(
        Set(names(found.samples, tree["set"])) == [
          "lid/\(test)/NG/1.png NG", "lid/\(test)/\(word)/b.png normal", "lid/\(good)/a.png normal",
        ])
      #expect(found.train.map(\.path) == [tree["set/lid/\(good)/a.png"]])
      #expect(
        found.test.compactMap(\.mask) == [tree["set/lid/Ground_Truth/NG/1_mask.png"]])
      #expect(found.unusable.isEmpty)
    }
  }
}
