import Foundation
import NormaCore
import NormaFiles
import TestSupport
import Testing

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
