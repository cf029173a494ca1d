import Foundation
import NormaCore
import NormaFiles
import TestSupport
import Testing

@Suite("Tables")
struct TableLayoutTests {
  static func tree(_ table: String) throws -> TemporaryFolder {
    let tree = try TemporaryFolder()
    try tree.pictures("set/pictures", "a.png", "b, c.png", "d.png", "e.png", "mask.png")
    try tree.file("set/cells.csv", text: table)
    return tree
  }

  static func problem(_ table: String) throws -> String {
    let tree = try Self.tree(table)
    let problem = #expect(throws: DatasetProblem.self) {
      try DatasetReader.read(tree["set/cells.csv"])
    }
    return (problem?.description ?? "").replacing(tree["set/"], with: "")
  }

  @Test func readsColumnsInAnyOrder() throws {
    let tree = try Self.tree(
      "\u{FEFF}label,path,split,category,mask\r\n"
        + "good,pictures/a.png,train,mono,\r\n"
        + "0,\"pictures/b, c.png\",TEST,mono,\r\n\r\n"
        + "crack,pictures/d.png,test,poly,pictures/mask.png\r\n"
        + "Normal,pictures/e.png,train,poly,")
    let dataset = try DatasetReader.read(tree["set/cells.csv"])
    #expect(dataset.layout == "table")
    #expect(dataset.root == tree["set"])
    #expect(dataset.categories == ["mono", "poly"])
    #expect(dataset.notes.isEmpty)
    #expect(
      dataset.samples == [
        Sample(
          path: tree["set/pictures/a.png"], category: "mono", split: .train, label: .normal),
        Sample(
          path: tree["set/pictures/b, c.png"], category: "mono", split: .test, label: .normal),
        Sample(
          path: tree["set/pictures/d.png"], category: "poly", split: .test,
          label: .anomalous("crack"), mask: tree["set/pictures/mask.png"]),
        Sample(
          path: tree["set/pictures/e.png"], category: "poly", split: .train, label: .normal),
      ])
    #expect(try DatasetReader.read(tree["set"]).samples == dataset.samples)
  }

  @Test func missingColumnsHaveDefaultsAndAreNoted() throws {
    let tree = try Self.tree("path,colour\npictures/a.png,red\n")
    let dataset = try DatasetReader.read(tree["set/cells.csv"])
    #expect(dataset.categories == ["cells"])
    #expect(dataset.train.count == 1)
    #expect(dataset.notes.count == 4)
    #expect(dataset.notes.last == "cells.csv: columns not used: colour")
  }

  @Test func namesFilesThatAreNotThere() throws {
    let tree = try Self.tree(
      "path,category,split,label,mask\n"
        + "pictures/a.png,mono,train,good,\npictures/x.png,mono,train,good,\n"
        + "pictures/d.png,mono,test,crack,pictures/y.png\n")
    let dataset = try DatasetReader.read(tree["set/cells.csv"])
    #expect(dataset.samples.count == 2)
    #expect(
      dataset.unusable.map { FilePath.relative($0.path, to: dataset.root) } == [
        "pictures/x.png", "pictures/y.png",
      ])
    #expect(dataset.test.first?.mask == nil)
  }

  @Test func leavesOtherSplitsOut() throws {
    let tree = try Self.tree(
      "path,category,split,label\npictures/a.png,m,train,good\npictures/d.png,m,val,good\n")
    let dataset = try DatasetReader.read(tree["set/cells.csv"])
    #expect(dataset.samples.count == 1)
    #expect(
      dataset.notes == ["1 row of split 'val' left out; train and test are read"])
  }

  @Test func wrongLinesAreNamedByNumber() throws {
    #expect(
      try Self.problem(
        "path,category,split,label\n"
          + "pictures/a.png,mono,train\n"
          + "pictures/a.png,mono,train,crack\n\n"
          + ",mono,train,good\n"
          + "pictures/d.png,,train,good\n"
          + "pictures/d.png,mono,,good\n"
          + "pictures/d.png,mono,test,\n"
          + "pictures/e.png,mono,test,good\n"
          + "pictures/./e.png,mono,test,good\n") == """
          cells.csv:2: 3 fields, where the header has 4
          cells.csv:3: a defective picture (crack) in split train; training takes normal pictures only
          cells.csv:5: no path
          cells.csv:6: no category
          cells.csv:7: no split; write train or test
          cells.csv:8: no label; write normal, or the kind of defect
          cells.csv:10: pictures/./e.png stands in line 9 already
          """)
  }

  @Test func wrongHeadersAreRefused() throws {
    #expect(
      try Self.problem("path;category;split\na;b;c\n")
        == "cells.csv:1: the columns are separated by semicolons; save the table with commas")
    #expect(
      try Self.problem("path\tcategory\n")
        == "cells.csv:1: the columns are separated by tabs; save the table with commas")
    #expect(
      try Self.problem("path,lable\n")
        == "cells.csv:1: unknown column 'lable' (did you mean 'label'?)")
    #expect(
      try Self.problem("path,label,PATH\n") == "cells.csv:1: two columns are named 'PATH'")
    #expect(try Self.problem("a,b\n1,2\n").contains("there is no column 'path' in the header"))
    #expect(try Self.problem("").hasPrefix("cells.csv: the table is empty"))
    #expect(
      try Self.problem("path,label\n\"a,good\nb,good\n")
        == "cells.csv:2: a quote that begins here is never closed")
  }

  @Test func aTableMustBeText() throws {
    let tree = try TemporaryFolder()
    try tree.file("t.csv", Data([0x70, 0x61, 0x74, 0x68, 0xFF, 0xFE, 0x0A]))
    let problem = #expect(throws: DatasetProblem.self) { try DatasetReader.read(tree["t.csv"]) }
    #expect(problem?.description.contains("not UTF-8") == true)
  }
}

@Suite("Comma-separated text")
struct CSVTextTests {
  @Test func quotesHoldAnything() throws {
    let rows = try CSVText.rows("a,\"b \"\"c\"\",\nd\",\n\"\",x\r\ny,z")
    #expect(rows.map(\.fields) == [["a", "b \"c\",\nd", ""], ["", "x"], ["y", "z"]])
    #expect(rows.map(\.line) == [1, 3, 4])
  }

  @Test func lineBreaksOfAllKinds() throws {
    #expect(try CSVText.rows("a\rb\r\nc\nd").map(\.fields) == [["a"], ["b"], ["c"], ["d"]])
    #expect(try CSVText.rows("a\rb\r\nc\nd").map(\.line) == [1, 2, 3, 4])
    #expect(try CSVText.rows("\n\na,\n").map(\.fields) == [["a", ""]])
    #expect(try CSVText.rows("").isEmpty)
  }

  @Test func brokenQuotesAreRefused() {
    #expect(throws: CSVText.Problem.self) { try CSVText.rows("a\"b") }
    #expect(throws: CSVText.Problem.self) { try CSVText.rows("\"a\"b,c") }
    #expect(
      throws: CSVText.Problem(line: 2, reason: "a quote that begins here is never closed")
    ) { try CSVText.rows("x\n\"a\n\n") }
  }
}
