import Foundation
import NormaCore
import NormaFiles
import TestSupport
import Testing

@Suite("Files that --force may replace")
struct OutputFileTests {
  private func problem(_ path: String, _ kind: OutputFile.Kind, replaces: Bool) -> String? {
    do {
      try OutputFile(path, kind).check(replaces: replaces)
      return nil
    } catch {
      return (error as? FileProblem)?.reason ?? "\(error)"
    }
  }

  @Test func normasOwnFilesAreReplacedWhereAsked() throws {
    let tree = try TemporaryFolder()
    try tree.file("page.html", text: "<!DOCTYPE html>…Written by Norma 0.1.0. This…")
    try tree.file("line.onnx", [0x08, 0x08, 0x12, 5] + Array("norma…".utf8))
    try tree.file("line.reference.json", text: "{\"outputs\": {\"mapCells\": []}}")
    try tree.picture("line.reference.png")
    try tree.file("tolerance.csv", text: "disturbance,step,undisturbed,model\r\n")
    let origin = PictureStore.Origin(
      root: "a", fingerprint: "f", imageSize: 2, exifOrientation: false)
    let sample = Sample(path: "a.png", category: "a", split: .train, label: .normal)
    try PictureStore.write(origin, [sample], to: tree["a.store"]) {
      try $0(0, .init(rgb: [UInt8](repeating: 1, count: 12)))
    }
    let tensor = WeightTensor(shape: [1], values: [1])
    try tree.file(
      "dump.safetensors",
      SafeTensors.write(["maps": tensor, "pictures": tensor, "scores": tensor]))
    let files: [(String, OutputFile.Kind)] = [
      ("page.html", .page), ("line.onnx", .graph), ("line.reference.json", .expectation),
      ("line.reference.png", .referencePicture), ("tolerance.csv", .tolerance),
      ("a.store", .store), ("dump.safetensors", .dump),
    ]
    for (name, kind) in files {
      #expect(problem(tree[name], kind, replaces: true) == nil, "\(name)")
      #expect(
        problem(tree[name], kind, replaces: false) == "the file exists; --force replaces it")
    }
    #expect(problem(tree["new.html"], .page, replaces: false) == nil)
  }

  @Test(arguments: [
    OutputFile.Kind.graph, .page, .expectation, .referencePicture, .store, .dump, .tolerance,
  ])
  func whatIsNotNormasIsLeftAlone(kind: OutputFile.Kind) throws {
    let tree = try TemporaryFolder()
    try tree.file("thesis.txt", text: "three years of work")
    try tree.picture("holiday.reference.png")
    try tree.folder("folder")
    mkfifo(tree["pipe"], 0o600)
    try FileManager.default.createSymbolicLink(
      atPath: tree["link"], withDestinationPath: tree["thesis.txt"])
    let expected = [
      "thesis.txt": "that Norma wrote", "holiday.reference.png": "that Norma wrote",
      "folder": "it is a folder", "pipe": "device or a pipe", "link": "it is a link",
    ]
    for (name, words) in expected {
      let said = problem(tree[name], kind, replaces: true)
      #expect(said?.contains(words) == true, "\(name): \(said ?? "replaced")")
    }
    #expect(problem("/dev/null", kind, replaces: true)?.contains("device") == true)
  }

  @Test func nothingIsWrittenIntoAModel() throws {
    let tree = try TemporaryFolder()
    try ModelFolderTests.write(tree["m.norma"])
    for name in ["m.norma/graph.onnx", "m.norma/new.onnx", "m.norma/report/x.onnx"] {
      #expect(
        problem(tree[name], .graph, replaces: true)?.contains("inside the model") == true, "\(name)"
      )
    }
    // Other programs have a manifest.json too.
    try tree.file("extension/manifest.json", text: "{\"name\": \"x\", \"manifest_version\": 3}")
    #expect(problem(tree["extension/line.onnx"], .graph, replaces: false) == nil)
  }

  @Test func aFolderWithSomebodyElsesManifestIsNoModel() throws {
    let tree = try TemporaryFolder()
    try tree.file("extension/manifest.json", text: "{\"name\": \"x\", \"manifest_version\": 3}")
    #expect(throws: FileProblem.self) {
      try ModelFolderTests.write(tree["extension"], replacing: true)
    }
    let output = TrainingOutput(model: tree["extension"], resume: false, force: true)
    #expect(throws: FileProblem.self) { try output.check() }
    #expect(FilePath.exists(tree["extension/manifest.json"]))
  }

  @Test func aDeviceIsNotReplacedByAnyWriting() throws {
    let tree = try TemporaryFolder()
    mkfifo(tree["pipe"], 0o600)
    let problem = #expect(throws: FileProblem.self) {
      try AtomicFile.write(Data("x".utf8), to: tree["pipe"])
    }
    #expect(problem?.reason == "cannot be written: it is a device or a pipe")
    #expect(FilePath.isSpecial(tree["pipe"]))
  }

  /// What Macs, Windows and network file systems leave in every folder.
  @Test(arguments: [
    "._manifest.json", ".nfs000000000001", "report/._index.html", ".DS_Store", "desktop.ini",
  ])
  func aModelOpensWithWhatSystemsLeave(name: String) throws {
    let tree = try TemporaryFolder()
    try ModelFolderTests.write(tree["m"])
    try tree.file("m/" + name, text: "left")
    #expect(throws: Never.self) { try ModelFolder.open(tree["m"]) }
  }

  @Test func aModelThatCouldNotBeOpenedIsNotWritten() {
    #expect(throws: Never.self) { try ModelFolder.checkSize(2 << 30, path: "m") }
    let problem = #expect(throws: FileProblem.self) {
      try ModelFolder.checkSize(3 << 30, path: "m")
    }
    #expect(problem?.reason.hasPrefix("the model would have 3.0 GiB, and at most 2 GiB") == true)
  }
}
