import Foundation
import NormaCore
import NormaFiles
import Testing

@Suite("Zipped models")
struct ZippedModelTests {
  typealias Base = ModelFolderTests

  /// A zip archive of stored files.
  static func zip(_ files: [(String, Data)]) -> Data {
    func little(_ value: Int, _ count: Int) -> Data {
      Data((0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) })
    }
    var archive = Data()
    var directory = Data()
    for (name, data) in files {
      let crc = Int(data.withUnsafeBytes { CRC32.checksum($0) })
      let sizes = little(crc, 4) + little(data.count, 4) + little(data.count, 4)
      let fields = little(0, 2) + little(0, 2) + little(0, 4) + sizes
      directory += Data("PK\u{1}\u{2}".utf8) + little(20, 2) + little(20, 2) + fields
      directory += little(name.utf8.count, 2) + little(0, 12) + little(archive.count, 4)
      directory += Data(name.utf8)
      archive += Data("PK\u{3}\u{4}".utf8) + little(20, 2) + fields
      archive += little(name.utf8.count, 2) + little(0, 2) + Data(name.utf8) + data
    }
    let end =
      Data("PK\u{5}\u{6}".utf8) + little(0, 4) + little(files.count, 2) + little(files.count, 2)
      + little(directory.count, 4) + little(archive.count, 4) + little(0, 2)
    return archive + directory + end
  }

  static func model(_ prefix: String) throws -> [(String, Data)] {
    let tree = try TemporaryTree()
    try Base.write(tree["m"])
    return try (Base.files.keys.sorted() + [ModelFile.manifest]).map { name in
      (prefix + name, try Data(contentsOf: URL(fileURLWithPath: tree["m/" + name])))
    }
  }

  @Test func isReadWithAndWithoutAFolderInIt() throws {
    let tree = try TemporaryTree()
    for prefix in ["", "line.norma/"] {
      let path = try tree.file("m.zip", Self.zip(Self.model(prefix)))
      let model = try ModelFolder.open(path)
      #expect(model.names == Base.files.keys.sorted())
      for (name, data) in Base.files { #expect(try model.data(name) == data) }
      #expect(
        Base.problem { try model.update(files: [:]) }
          .contains("a zipped model cannot be changed"))
    }
  }

  @Test func extraMissingAndChangedFilesAreNamed() throws {
    let tree = try TemporaryTree()
    let model = try Self.model("m/")
    let system = ("__MACOSX/m/._graph.onnx", Data("x".utf8))
    try tree.file("m.zip", Self.zip(model + [system]))
    #expect(throws: Never.self) { try ModelFolder.open(tree["m.zip"]) }
    try tree.file("m.zip", Self.zip(model + [("other/x", Data())]))
    #expect(
      Base.problem { _ = try ModelFolder.open(tree["m.zip"]) }
        .contains("holds other/x, which does not belong to the model"))
    try tree.file("m.zip", Self.zip(model + [("m/x", Data())]))
    #expect(
      Base.problem { _ = try ModelFolder.open(tree["m.zip"]) }.contains("m.zip/x: the manifest"))
    try tree.file("m.zip", Self.zip(model.filter { $0.0 != "m/graph.onnx" }))
    #expect(
      Base.problem { _ = try ModelFolder.open(tree["m.zip"]) }
        .contains("m.zip/graph.onnx: the file is missing"))
    let changed = model.map { $0.0 == "m/graph.onnx" ? ($0.0, Data("grAph".utf8)) : $0 }
    try tree.file("m.zip", Self.zip(changed))
    #expect(
      Base.problem { _ = try ModelFolder.open(tree["m.zip"]) }
        .contains("m.zip/graph.onnx: its bytes do not match"))
    try tree.file("m.zip", Self.zip([("a/b", Data())]))
    #expect(
      Base.problem { _ = try ModelFolder.open(tree["m.zip"]) }.contains("holds no manifest.json"))
  }
}
