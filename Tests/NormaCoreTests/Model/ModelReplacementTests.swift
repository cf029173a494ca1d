import Foundation
import NormaCore
import Testing

@Suite("Replacing and changing models")
struct ModelReplacementTests {
  typealias Base = ModelFolderTests

  @Test func aModelIsReplacedOnlyWhenAllowed() throws {
    let tree = try TemporaryTree()
    try Base.write(tree["m"])
    #expect(
      Base.problem { try Base.write(tree["m"]) }
        == "\(tree["m"]): a model exists there; choose another name, or replace it with --force")
    var files = Base.files
    files[ModelFile.graph] = Data("another".utf8)
    files[ModelFile.report] = nil
    try ModelFolder.write(to: tree["m"], manifest: Base.manifest, files: files, replacing: true)
    let read = try ModelFolder.open(tree["m"])
    #expect(try read.data(ModelFile.graph) == Data("another".utf8))
    #expect(!read.contains(ModelFile.report))
    #expect(try tree.contents().filter { $0.hasPrefix(".") }.isEmpty)
  }

  @Test func whatIsNotAModelIsNeverReplaced() throws {
    let tree = try TemporaryTree()
    try tree.file("thesis/chapter.tex", text: "dear")
    try tree.file("file", text: "dear")
    try tree.folder("empty")
    #expect(
      Base.problem { try Base.write(tree["thesis"], replacing: true) }
        .contains("is not a model, so it is left alone"))
    #expect(
      Base.problem { try Base.write(tree["file"], replacing: true) }
        .contains("there is a file of this name"))
    try Base.write(tree["empty"])
    #expect(throws: Never.self) { try ModelFolder.open(tree["empty"]) }
    #expect(try String(contentsOfFile: tree["thesis/chapter.tex"], encoding: .utf8) == "dear")
  }

  @Test func aLinkToAModelKeepsLeadingToIt() throws {
    let tree = try TemporaryTree()
    try Base.write(tree["real"])
    try FileManager.default.createSymbolicLink(
      atPath: tree["link"], withDestinationPath: tree["real"])
    var manifest = Base.manifest
    manifest.toolVersion = "9"
    try ModelFolder.write(
      to: tree["link"], manifest: manifest, files: Base.files, replacing: true)
    #expect(try ModelFolder.open(tree["real"]).manifest.toolVersion == "9")
    #expect(try ModelFolder.open(tree["link"]).manifest.toolVersion == "9")
  }

  @Test func leftoversOfADeadWriterAreRemoved() throws {
    let tree = try TemporaryTree()
    try tree.file(".m.writing-dead/manifest.json", text: "half")
    try Base.write(tree["m"])
    #expect(!FilePath.exists(tree[".m.writing-dead"]))
  }

  /// On file systems without an exchange, a replacement cut off between its two renames leaves the
  /// old model beside its place.
  @Test func anInterruptedReplacementIsFound() throws {
    let tree = try TemporaryTree()
    try Base.write(tree["m"])
    try FileManager.default.moveItem(atPath: tree["m"], toPath: tree[".m.previous"])
    #expect(
      Base.problem { _ = try ModelFolder.open(tree["m"]) }
        .hasSuffix("an interrupted replacement left the model at \(tree[".m.previous"])"))
    #expect(Base.problem { try Base.write(tree["m"]) }.contains("a model exists there"))
    #expect(throws: Never.self) { try ModelFolder.open(tree["m"]) }
  }

  @Test func aNewCalibrationKeepsTheOldOneAndAllElse() throws {
    let tree = try TemporaryTree()
    try Base.write(tree["m"])
    let date = Date(timeIntervalSince1970: 1_700_000_000)
    let first = try ModelFolder.open(tree["m"])
    try first.replacingCalibration(Data("{\"a\": 2}".utf8), date: date)
    let second = try ModelFolder.open(tree["m"])
    #expect(try second.data(ModelFile.calibration) == Data("{\"a\": 2}".utf8))
    #expect(
      second.manifest.previousCalibrations == [
        Manifest.PreviousCalibration(
          replaced: "2023-11-14T22:13:20Z", calibration: "{\"a\": 1}")
      ])
    for name in first.names where name != ModelFile.calibration {
      #expect(try second.data(name) == first.data(name))
      #expect(second.manifest.files[name] == first.manifest.files[name])
    }
    try second.replacingCalibration(Data("{\"a\": 3}".utf8), date: date)
    let third = try ModelFolder.open(tree["m"])
    #expect(third.manifest.previousCalibrations.map(\.calibration) == ["{\"a\": 1}", "{\"a\": 2}"])
  }

  @Test func aModelChangedMeanwhileIsNotOverwritten() throws {
    let tree = try TemporaryTree()
    try Base.write(tree["m"])
    let mine = try ModelFolder.open(tree["m"])
    try ModelFolder.open(tree["m"]).replacingCalibration(Data("{}".utf8))
    #expect(
      Base.problem { try mine.replacingCalibration(Data("{\"b\": 1}".utf8)) }
        .contains("changed by somebody else"))
    #expect(try ModelFolder.open(tree["m"]).data(ModelFile.calibration) == Data("{}".utf8))
  }

  @Test(.disabled(if: isRoot, "root may write everywhere"))
  func aForbiddenFolderKeepsTheOldModel() throws {
    let tree = try TemporaryTree()
    try Base.write(tree["m"])
    chmod(tree.path, 0o555)
    #expect(
      Base.problem { try Base.write(tree["m"], replacing: true) }.contains("permission denied"))
    #expect(
      Base.problem { try Base.write(tree["new"]) }.contains("permission denied"))
    chmod(tree.path, 0o755)
    #expect(throws: Never.self) { try ModelFolder.open(tree["m"]) }
  }
}
