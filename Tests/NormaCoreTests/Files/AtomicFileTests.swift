import Foundation
import NormaCore
import NormaFiles
import TestSupport
import Testing

@Suite("Files")
struct AtomicFileTests {
  @Test func writesAndReplaces() throws {
    let tree = try TemporaryFolder()
    try AtomicFile.write(Data("one".utf8), to: tree["file.json"])
    try AtomicFile.write(Data("two".utf8), to: tree["file.json"])
    #expect(try String(contentsOfFile: tree["file.json"], encoding: .utf8) == "two")
    #expect(try tree.contents() == ["file.json"])
  }

  @Test func followsALink() throws {
    let tree = try TemporaryFolder()
    try tree.file("real/file", text: "one")
    try FileManager.default.createSymbolicLink(
      atPath: tree["link"], withDestinationPath: tree["real/file"])
    try AtomicFile.write(Data("two".utf8), to: tree["link"])
    #expect(try String(contentsOfFile: tree["real/file"], encoding: .utf8) == "two")
    #expect(
      try FileManager.default.destinationOfSymbolicLink(atPath: tree["link"]) == tree["real/file"])
  }

  @Test func removesWhatADeadWriterLeft() throws {
    let tree = try TemporaryFolder()
    try tree.file(".file.writing-1a2b", text: "half")
    try tree.file(".other.writing-1a2b", text: "not ours")
    try AtomicFile.write(Data("whole".utf8), to: tree["file"])
    #expect(try tree.contents() == [".other.writing-1a2b", "file"])
  }

  @Test func leavesALivingWriterAlone() throws {
    let tree = try TemporaryFolder()
    let living = try Scratch(folderFor: tree["model"])
    let second = try Scratch(folderFor: tree["model"])
    #expect(FilePath.isFolder(living.path))
    #expect(living.path != second.path)
  }

  @Test func saysWhatIsInTheWay() throws {
    let tree = try TemporaryFolder()
    try tree.folder("folder")
    #expect(throws: FileProblem(path: tree["folder"], reason: "cannot be written: it is a folder"))
    {
      try AtomicFile.write(Data(), to: tree["folder"])
    }
    #expect(
      throws: FileProblem(
        path: tree["none/file"],
        reason: "cannot be created: there is no such file or folder")
    ) {
      try AtomicFile.write(Data(), to: tree["none/file"])
    }
  }

  @Test(.disabled(if: isRoot, "root may write everywhere"))
  func aForbiddenFolderKeepsTheOldFile() throws {
    let tree = try TemporaryFolder()
    try tree.file("file", text: "old")
    chmod(tree.path, 0o555)
    #expect(throws: FileProblem.self) { try AtomicFile.write(Data("new".utf8), to: tree["file"]) }
    #expect(try String(contentsOfFile: tree["file"], encoding: .utf8) == "old")
  }

  @Test func digestsOfDataAndFilesAgree() throws {
    let tree = try TemporaryFolder()
    let data = Data((0..<700_000).map { UInt8(truncatingIfNeeded: $0 &* 31) })
    try tree.file("data", data)
    #expect(try Digest.sha256(file: tree["data"]) == Digest.sha256(data))
    #expect(
      Digest.sha256(Data("abc".utf8))
        == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
  }

  @Test func readsNoPipe() throws {
    let tree = try TemporaryFolder()
    mkfifo(tree["pipe"], 0o600)
    #expect(throws: FileProblem.self) { try Digest.sha256(file: tree["pipe"]) }
  }

  @Test func pathsAsText() {
    #expect(FilePath.absolute("/a//b/./c/") == "/a/b/c")
    #expect(FilePath.absolute("/") == "/")
    #expect(FilePath.absolute("x").hasSuffix("/x"))
    #expect(FilePath.stem("/a/b.tar.gz") == "b.tar")
    #expect(FilePath.stem(".hidden") == ".hidden")
    #expect(FilePath.name("/a/b/") == "b")
    #expect(FilePath.parent("/a/b") == "/a")
    #expect(FilePath.parent("/a") == "/")
    #expect(FilePath.relative("/a/b/c", to: "/a") == "b/c")
    #expect(FilePath.relative("/ab/c", to: "/a") == "/ab/c")
  }

  @Test func aChangedFileHasAnotherKey() throws {
    let tree = try TemporaryFolder()
    let path = try tree.file("file", text: "one")
    let first = try FileKey(of: path)
    #expect(try FileKey(of: path) == first)
    try tree.file("file", text: "longer")
    #expect(try FileKey(of: path) != first)
  }
}
