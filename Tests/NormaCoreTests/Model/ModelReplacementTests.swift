import Foundation
import NormaCore
import NormaFiles
import TestSupport
import Testing

@Suite("Replacing and changing models")
struct ModelReplacementTests {
  typealias Base = ModelFolderTests

  @Test func aModelIsReplacedOnlyWhenAllowed() throws {
    let tree = try TemporaryFolder()
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
    let tree = try TemporaryFolder()
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
    let tree = try TemporaryFolder()
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
    let tree = try TemporaryFolder()
    try tree.file(".m.writing-dead/manifest.json", text: "half")
    try Base.write(tree["m"])
    #expect(!FilePath.exists(tree[".m.writing-dead"]))
  }

  /// On file systems without an exchange, a replacement cut off between its two renames leaves the
  /// old model beside its place.
  @Test func anInterruptedReplacementIsFound() throws {
    let tree = try TemporaryFolder()
    try Base.write(tree["m"])
    try FileManager.default.moveItem(atPath: tree["m"], toPath: tree[".m.previous"])
    #expect(
      Base.problem { _ = try ModelFolder.open(tree["m"]) }
        .hasSuffix("an interrupted replacement left the model at \(tree[".m.previous"])"))
    #expect(Base.problem { try Base.write(tree["m"]) }.contains("a model exists there"))
    #expect(throws: Never.self) { try ModelFolder.open(tree["m"]) }
  }

  private func calibration(_ scores: [Float]) throws -> Calibration {
    try .fit(scores: ["bottle": scores], source: .holdout, rate: 0.25)
  }

  /// A model with a calibration that can be read.
  private func write(_ path: String, _ calibration: Calibration) throws {
    var files = Base.files
    files[ModelFile.calibration] = try calibration.json()
    try ModelFolder.write(to: path, manifest: Base.manifest, files: files, replacing: false)
  }

  @Test func aNewCalibrationKeepsWhatTheOldOneDecidedByAndAllElse() throws {
    let tree = try TemporaryFolder()
    let (one, two, three) = (
      try calibration([1, 2, 3]), try calibration([4, 5, 6]), try calibration([7, 8, 9])
    )
    try write(tree["m"], one)
    let date = Date(timeIntervalSince1970: 1_700_000_000)
    let first = try ModelFolder.open(tree["m"])
    let page = Data("<html>new</html>".utf8)
    try first.replacingCalibration(two, files: [ModelFile.report: page], date: date)
    let second = try ModelFolder.open(tree["m"])
    #expect(try second.calibration() == two)
    #expect(try second.data(ModelFile.report) == page)
    let kept = Manifest.PreviousCalibration(replaced: "2023-11-14T22:13:20Z", one)
    #expect(second.manifest.previousCalibrations == [kept])
    #expect(kept.shared?.value == 3 && kept.falseAlarmRate == 0.25)
    for name in [ModelFile.graph, ModelFile.weights] {
      #expect(try second.data(name) == first.data(name))
      #expect(second.manifest.files[name] == first.manifest.files[name])
    }
    try second.replacingCalibration(three, date: date)
    let third = try ModelFolder.open(tree["m"])
    #expect(third.manifest.previousCalibrations.map { $0.shared?.value } == [3, 6])
  }

  /// However many pictures the calibrations had.
  @Test func earlierCalibrationsDoNotSwellTheManifest() throws {
    let tree = try TemporaryFolder()
    try write(tree["m"], calibration((0..<20_000).map(Float.init)))
    for _ in 0..<3 {
      try ModelFolder.open(tree["m"])
        .replacingCalibration(calibration((0..<20_000).map(Float.init)))
    }
    let size = try #require(
      try FileManager.default.attributesOfItem(atPath: tree["m/manifest.json"])[.size] as? Int)
    #expect(size < 16_000)
  }

  @Test func aCalibrationKeptAsTextIsStillRead() throws {
    let old = try calibration([1, 2, 3])
    let text = try JSONSerialization.data(withJSONObject: [
      "replaced": "2023-11-14T22:13:20Z",
      "calibration": String(decoding: old.json(), as: UTF8.self),
    ])
    #expect(
      try JSONDecoder().decode(Manifest.PreviousCalibration.self, from: text)
        == Manifest.PreviousCalibration(replaced: "2023-11-14T22:13:20Z", old))
  }

  @Test func manifestsOfBeforeTheOrientationDoNotTurn() throws {
    var turned = Base.manifest
    turned.exifOrientation = true
    let json = try JSONEncoder().encode(turned)
    #expect(try JSONDecoder().decode(Manifest.self, from: json).exifOrientation)
    var object = try #require(try JSONSerialization.jsonObject(with: json) as? [String: Any])
    object["exifOrientation"] = nil
    let early = try JSONSerialization.data(withJSONObject: object)
    #expect(try JSONDecoder().decode(Manifest.self, from: early) == Base.manifest)
  }

  @Test func aManifestThatCouldNotBeReadBackIsNotWritten() throws {
    let size = try ManifestText.encode(Base.manifest).data.count
    #expect(try ManifestText.encode(Base.manifest, limit: size).data.count == size)
    #expect(
      Base.problem { _ = try ManifestText.encode(Base.manifest, limit: size - 1) }
        == "manifest.json: it would have \(size) bytes; only \(size - 1) can be read back")
  }

  @Test func aCalibrationThatCannotBeReadIsNamed() throws {
    let tree = try TemporaryFolder()
    let model = try Base.write(tree["m"])
    #expect(
      Base.problem { _ = try model.calibration() }
        == "\(tree["m"])/calibration.json: the calibration cannot be read: 'status' is missing")
  }

  @Test func aModelChangedMeanwhileIsNotOverwritten() throws {
    let tree = try TemporaryFolder()
    let (one, two) = (try calibration([1]), try calibration([2]))
    try write(tree["m"], one)
    let mine = try ModelFolder.open(tree["m"])
    try ModelFolder.open(tree["m"]).replacingCalibration(two)
    #expect(
      Base.problem { try mine.replacingCalibration(one) }.contains("changed by somebody else"))
    #expect(try ModelFolder.open(tree["m"]).calibration() == two)
  }

  @Test(.disabled(if: isRoot, "root may write everywhere"))
  func aForbiddenFolderKeepsTheOldModel() throws {
    let tree = try TemporaryFolder()
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
