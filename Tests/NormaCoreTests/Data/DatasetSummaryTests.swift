import Foundation
import NormaCore
import NormaFiles
import TestSupport
import Testing

@Suite("Tables of many categories")
struct LongSummaryTests {
  @Test func twoHundredCategoriesAreSummedUp() throws {
    let samples = (0..<200).map {
      Sample(
        path: "/set/c\(1000 + $0)/a.png", category: "c\(1000 + $0)", split: .train, label: .normal)
    }
    let dataset = Dataset(root: "/set", layout: "folder", samples: samples)
    let text = DatasetSummary(dataset) { _ in PictureSize(width: 9, height: 9) }.text
    let lines = text.split(separator: "\n")
    #expect(lines.count < 30)
    #expect(lines.contains { $0.hasPrefix("and 180 more    180 ") }, "\(text)")
    let problem = #expect(throws: DatasetProblem.self) { try dataset.selecting(categories: ["x"]) }
    #expect(problem?.description.hasSuffix("c1019 and 180 more") == true)
  }

  @Test func namesCannotBreakLinesOrSteerTheTerminal() {
    var table = TextTable(columns: ["name"])
    table.add(["a\nb\u{1B}[2J"])
    #expect(table.text.split(separator: "\n").last == "a\\nb\\u{1b}[2J")
    #expect("one\ntwo\u{7}".printableLines == "one\ntwo\\u{7}")
  }
}

@Suite("What is shown of a data set")
struct DatasetSummaryTests {
  static func sample(
    _ path: String, _ category: String, _ split: Split, _ label: Label, mask: String? = nil
  ) -> Sample {
    Sample(path: "/set/" + path, category: category, split: split, label: label, mask: mask)
  }

  static let dataset = Dataset(
    root: "/set", layout: "MVTec AD",
    samples: [
      sample("a1", "ant", .train, .normal), sample("a2", "ant", .test, .anomalous("bent")),
      sample("a3", "ant", .test, .anomalous("crack"), mask: "/m"),
      sample("a4", "ant", .test, .anomalous("crack")), sample("b1", "bee", .train, .normal),
      sample("b2", "bee", .train, .normal), sample("b3", "bee", .test, .normal),
    ],
    unusable: [UnusableFile(path: "/set/x.png", reason: "the file is empty (0 bytes)")],
    remarks: [DatasetRemark("something left out")])

  @Test func countsByCategory() {
    let summary = DatasetSummary(Self.dataset) { path in
      if path.hasSuffix("b2") { throw FileProblem(path: path, reason: "cut off") }
      return PictureSize(width: path.hasSuffix("a1") ? 900 : 256, height: 256)
    }
    #expect(summary.dataset.samples.count == 6)
    #expect(
      summary.dataset.unusable.last
        == UnusableFile(path: "/set/b2", reason: "cut off", category: "bee", split: .train))
    #expect(
      summary.text == """
        /set (layout: MVTec AD): 2 categories, 2 to train on, 4 to test with

        category  train  test good       test defective  masks  size
        ────────  ─────  ─────────  ───────────────────  ─────  ──────────────────
        ant           1          0  3 (crack 2, bent 1)      1  256×256 to 900×256
        bee           1          1                    0      –  256×256

        note: something left out

        2 files cannot be used:
          x.png: the file is empty (0 bytes)
          b2: cut off
        """)
  }

  @Test func showsTheFirstTwentyUnusableFiles() {
    var dataset = Self.dataset
    dataset.unusable = (0..<25).map { UnusableFile(path: "/set/\($0).png", reason: "bad") }
    let text = DatasetSummary(dataset) { _ in PictureSize(width: 1, height: 1) }.text
    #expect(text.contains("25 files cannot be used:"))
    #expect(text.contains("  19.png: bad\n  … and 5 more"))
    #expect(!text.contains("20.png"))
  }

  @Test func reportsProgress() {
    var steps: [Int] = []
    _ = DatasetSummary(Self.dataset) { _ in
      .success(PictureSize(width: 1, height: 1))
    } progress: { done, total in
      steps.append(done)
      #expect(total == 7)
    }
    #expect(steps == Array(1...7))
  }
}

@Suite("Fingerprint of a data set")
struct DatasetFingerprintTests {
  static func fingerprint(_ tree: TemporaryFolder) throws -> String {
    let dataset = try DatasetReader.read(tree["mine"])
    return try DatasetFingerprint.of(dataset.samples, root: dataset.root)
  }

  static func tree() throws -> TemporaryFolder {
    let tree = try TemporaryFolder()
    try tree.picture("mine/a.png", variant: 1)
    try tree.picture("mine/b.png", variant: 2)
    return tree
  }

  @Test func doesNotDependOnPlaceOrOrder() throws {
    let (first, second) = (try Self.tree(), try Self.tree())
    let fingerprint = try Self.fingerprint(first)
    #expect(try Self.fingerprint(second) == fingerprint)
    let dataset = try DatasetReader.read(first["mine"])
    #expect(
      try DatasetFingerprint.of(dataset.samples.reversed(), root: dataset.root) == fingerprint)
  }

  @Test func changesWithContentNameAndNumber() throws {
    let tree = try Self.tree()
    var seen = [try Self.fingerprint(tree)]
    try tree.picture("mine/a.png", variant: 3)
    seen.append(try Self.fingerprint(tree))
    try FileManager.default.moveItem(atPath: tree["mine/a.png"], toPath: tree["mine/c.png"])
    seen.append(try Self.fingerprint(tree))
    try tree.picture("mine/d.png", variant: 4)
    seen.append(try Self.fingerprint(tree))
    #expect(Set(seen).count == 4)
  }

  @Test func takesDigestsFromACache() throws {
    let tree = try Self.tree()
    let dataset = try DatasetReader.read(tree["mine"])
    var asked: [String] = []
    let cached = try DatasetFingerprint.of(dataset.samples, root: dataset.root) { path, key in
      asked.append(FilePath.name(path))
      #expect(key.size == 9)
      return try Digest.sha256(file: path)
    }
    #expect(asked == ["a.png", "b.png"])
    #expect(try Self.fingerprint(tree) == cached)
  }
}
