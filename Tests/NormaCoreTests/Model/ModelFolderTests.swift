import Foundation
import NormaCore
import NormaFiles
import TestSupport
import Testing

@Suite("Model folders")
struct ModelFolderTests {
  static let files: [String: Data] = [
    ModelFile.weights: Data((0..<2000).map { UInt8(truncatingIfNeeded: $0 &* 7) }),
    ModelFile.graph: Data("graph".utf8), ModelFile.calibration: Data("{\"a\": 1}".utf8),
    ModelFile.report: Data("<html>ü</html>".utf8),
  ]

  static let manifest = Manifest(
    method: "ras", recipe: Recipe(),
    backbone: Manifest.Backbone(
      name: "efficientnet-b4", weightsDigest: "00ff", licence: "Apache-2.0"),
    precision: "f32", imageSize: 224, grid: 14, categories: ["bottle", "tire"],
    data: Manifest.TrainingData(fingerprint: "abc", pictures: 419, root: "/secret/place/parts"),
    toolVersion: "0.1.0", metrics: ["imageAUROC": 0.9875])

  static func problem(_ body: () throws -> Void) -> String {
    do {
      try body()
      return "nothing was thrown"
    } catch {
      return "\(error)"
    }
  }

  @discardableResult
  static func write(_ path: String, replacing: Bool = false) throws -> ModelFolder {
    try ModelFolder.write(to: path, manifest: manifest, files: files, replacing: replacing)
  }

  @Test func whatIsWrittenIsRead() throws {
    let tree = try TemporaryFolder()
    let written = try Self.write(tree["models/line.norma"])
    let read = try ModelFolder.open(tree["models/line.norma"])
    #expect(read.manifest == written.manifest)
    #expect(read.names == Self.files.keys.sorted())
    for (name, data) in Self.files { #expect(try read.data(name) == data) }
    #expect(read.manifest.files[ModelFile.graph] == Digest.sha256(Data("graph".utf8)))
    #expect(read.manifest.data.root == "parts")
    #expect(try tree.contents().filter { $0.contains("writing") }.isEmpty)
    #expect(Self.problem { _ = try read.data("x") }.hasSuffix("the model has no file x"))
  }

  @Test func writingTwiceGivesTheSameBytes() throws {
    let tree = try TemporaryFolder()
    try Self.write(tree["a"])
    try Self.write(tree["b"])
    for name in [ModelFile.manifest, ModelFile.graph] {
      let first = FileManager.default.contents(atPath: tree["a/" + name])
      #expect(first != nil)
      #expect(first == FileManager.default.contents(atPath: tree["b/" + name]))
    }
  }

  @Test func theManifestIsReadableAndSorted() throws {
    let tree = try TemporaryFolder()
    try Self.write(tree["m"])
    let text = try String(contentsOfFile: tree["m/manifest.json"], encoding: .utf8)
    #expect(text.contains("\n  \"formatVersion\" : 1,\n"))
    #expect(text.contains("\n    \"report/index.html\" : \""))
    let keys = text.split(separator: "\n").filter { $0.hasPrefix("  \"") }
      .map { $0.dropFirst(3).prefix { $0 != "\"" } }
    #expect(keys == keys.sorted())
  }

  @Test func everyFlippedByteIsNoticedAndItsFileNamed() throws {
    let tree = try TemporaryFolder()
    try Self.write(tree["m"])
    for name in Self.files.keys.sorted() + [ModelFile.manifest] {
      let good = try Data(contentsOf: URL(fileURLWithPath: tree["m/" + name]))
      let step = max(1, good.count / 300)
      for index in stride(from: 0, to: good.count, by: step) {
        var bad = good
        bad[index] ^= 0x20
        try tree.file("m/" + name, bad)
        let text = Self.problem { _ = try ModelFolder.open(tree["m"]) }
        #expect(text.contains("m/" + name), "byte \(index) of \(name): \(text)")
      }
      try tree.file("m/" + name, good)
    }
    #expect(throws: Never.self) { try ModelFolder.open(tree["m"]) }
  }

  @Test func missingExtraAndLongerFilesAreNamed() throws {
    let tree = try TemporaryFolder()
    try Self.write(tree["m"])
    try tree.file("m/.DS_Store", text: "left by a file manager")
    #expect(throws: Never.self) { try ModelFolder.open(tree["m"]) }
    try tree.file("m/extra.bin", text: "x")
    #expect(
      Self.problem { _ = try ModelFolder.open(tree["m"]) }
        == "\(tree["m/extra.bin"]): the manifest does not list this file; remove it from the model")
    try FileManager.default.removeItem(atPath: tree["m/extra.bin"])
    #expect(throws: FileProblem.self) { try ModelFolder.open(tree["m"], limit: 1000) }
    try FileManager.default.removeItem(atPath: tree["m/" + ModelFile.report])
    #expect(
      Self.problem { _ = try ModelFolder.open(tree["m"]) }
        == "\(tree["m/report/index.html"]): the file is missing; the manifest lists it")
    try FileManager.default.removeItem(atPath: tree["m/manifest.json"])
    #expect(
      Self.problem { _ = try ModelFolder.open(tree["m"]) }
        == "\(tree["m"]): not a model: it holds no manifest.json")
    #expect(Self.problem { _ = try ModelFolder.open(tree["n"]) }.contains("no such model"))
    #expect(
      Self.problem { _ = try ModelFolder.open(try tree.file("f.norma", text: "hello")) }
        .contains("not a model"))
  }

  /// A manifest that somebody made, with a digest that fits it.
  static func forge(_ tree: TemporaryFolder, _ change: (String) -> String) throws {
    let path = tree["m/manifest.json"]
    let text = try String(contentsOfFile: path, encoding: .utf8)
    guard let marker = text.range(of: "\n  \"digest\" : \"") else { return }
    let end = text.index(marker.upperBound, offsetBy: 64)
    var forged = change(text[..<marker.upperBound] + "@" + text[end...])
    let digest = Digest.sha256(Data(forged.replacing("\"@\"", with: "\"\"").utf8))
    forged = forged.replacing("\"@\"", with: "\"\(digest)\"")
    try tree.file("m/manifest.json", text: forged)
  }

  @Test func aForgedManifestReachesNothingOutside() throws {
    let tree = try TemporaryFolder()
    for name in ["../secret", "/etc/passwd", "report/../../x", "a\\\\b", ".hidden", "a//b", ""] {
      try Self.write(tree["m"], replacing: true)
      try Self.forge(tree) { $0.replacing("\"graph.onnx\"", with: "\"\(name)\"") }
      let text = Self.problem { _ = try ModelFolder.open(tree["m"]) }
      #expect(text.contains("cannot be the name of a model's file"), "\(name): \(text)")
    }
  }

  @Test func laterFormatsAndOtherTextAreRefused() throws {
    let tree = try TemporaryFolder()
    try Self.write(tree["m"])
    try Self.forge(tree) { $0.replacing("\"formatVersion\" : 1", with: "\"formatVersion\" : 2") }
    #expect(
      Self.problem { _ = try ModelFolder.open(tree["m"]) }
        .contains("made by a later Norma (format 2; this one reads up to 1): update Norma"))
    try tree.file("m/manifest.json", text: "{}")
    #expect(
      Self.problem { _ = try ModelFolder.open(tree["m"]) }.contains("'formatVersion' is missing"))
    try tree.file("m/manifest.json", text: "[1, 2")
    #expect(Self.problem { _ = try ModelFolder.open(tree["m"]) }.contains("not valid JSON"))
    // Whatever it was, it is no model now, and left alone.
    #expect(throws: FileProblem.self) { try Self.write(tree["m"], replacing: true) }
    try FileManager.default.removeItem(atPath: tree["m"])
    try Self.write(tree["m"])
    try Self.forge(tree) { $0.replacing("\"grid\" : 14", with: "\"grid\" : \"14\"") }
    #expect(Self.problem { _ = try ModelFolder.open(tree["m"]) }.contains("not a manifest: grid:"))
  }

  @Test func namesThatLeaveTheFolderAreNotWritten() throws {
    let tree = try TemporaryFolder()
    #expect(throws: FileProblem.self) {
      try ModelFolder.write(
        to: tree["m"], manifest: Self.manifest, files: ["../x": Data()], replacing: false)
    }
    #expect(try tree.contents().isEmpty)
  }
}

@Suite("Zipped models")
struct ZippedModelTests {
  typealias Base = ModelFolderTests

  static func model(_ prefix: String) throws -> [(String, Data)] {
    let tree = try TemporaryFolder()
    try Base.write(tree["m"])
    return try (Base.files.keys.sorted() + [ModelFile.manifest]).map { name in
      (prefix + name, try Data(contentsOf: URL(fileURLWithPath: tree["m/" + name])))
    }
  }

  @Test func isReadWithAndWithoutAFolderInIt() throws {
    let tree = try TemporaryFolder()
    for prefix in ["", "line.norma/"] {
      let path = try tree.file("m.zip", HandmadeZip.stored(Self.model(prefix)))
      let model = try ModelFolder.open(path)
      #expect(model.names == Base.files.keys.sorted())
      for (name, data) in Base.files { #expect(try model.data(name) == data) }
      #expect(
        Base.problem { try model.update(files: [:]) }
          .contains("a zipped model cannot be changed"))
    }
  }

  @Test func extraMissingAndChangedFilesAreNamed() throws {
    let tree = try TemporaryFolder()
    let model = try Self.model("m/")
    let system = ("__MACOSX/m/._graph.onnx", Data("x".utf8))
    try tree.file("m.zip", HandmadeZip.stored(model + [system]))
    #expect(throws: Never.self) { try ModelFolder.open(tree["m.zip"]) }
    try tree.file("m.zip", HandmadeZip.stored(model + [("other/x", Data())]))
    #expect(
      Base.problem { _ = try ModelFolder.open(tree["m.zip"]) }
        .contains("holds other/x, which does not belong to the model"))
    try tree.file("m.zip", HandmadeZip.stored(model + [("m/x", Data())]))
    #expect(
      Base.problem { _ = try ModelFolder.open(tree["m.zip"]) }.contains("m.zip/x: the manifest"))
    try tree.file("m.zip", HandmadeZip.stored(model.filter { $0.0 != "m/graph.onnx" }))
    #expect(
      Base.problem { _ = try ModelFolder.open(tree["m.zip"]) }
        .contains("m.zip/graph.onnx: the file is missing"))
    let changed = model.map { $0.0 == "m/graph.onnx" ? ($0.0, Data("grAph".utf8)) : $0 }
    try tree.file("m.zip", HandmadeZip.stored(changed))
    #expect(
      Base.problem { _ = try ModelFolder.open(tree["m.zip"]) }
        .contains("m.zip/graph.onnx: its bytes do not match"))
    try tree.file("m.zip", HandmadeZip.stored([("a/b", Data())]))
    #expect(
      Base.problem { _ = try ModelFolder.open(tree["m.zip"]) }.contains("holds no manifest.json"))
  }
}
