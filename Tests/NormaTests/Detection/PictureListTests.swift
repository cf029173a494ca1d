import Foundation
import Norma
import NormaCore
import Testing

@Suite struct PictureListTests {
  @Test func foldersAreSearchedAndFilesAreTakenAsNamed() throws {
    let folder = try TemporaryFolder()
    let bmp = handmadeBMP(width: 8, height: 8)
    for name in ["b/2.bmp", "b/1.bmp", "a.bmp", "c/d/noname", ".hidden.bmp", ".git/x.bmp"] {
      try folder.write(bmp, to: name)
    }
    try folder.write("notes".utf8, to: "b/notes.txt")
    try folder.write("notes".utf8, to: "b/broken.png")
    let list = PictureList([folder.path + "/"])
    #expect(
      list.entries.map(\.relative)
        == ["a.bmp", "b/1.bmp", "b/2.bmp", "b/broken.png", "c/d/noname"])
    #expect(list.entries[0].path == folder.path + "/a.bmp")
    #expect(list.unreadable.isEmpty)

    let named = PictureList([folder.path + "/b/notes.txt", folder.path + "/b"])
    #expect(named.entries.map(\.relative) == ["notes.txt", "1.bmp", "2.bmp", "broken.png"])
  }

  @Test func nothingComesTwiceAndCirclesEnd() throws {
    let folder = try TemporaryFolder()
    let file = try folder.write(handmadeBMP(width: 8, height: 8), to: "a/1.bmp")
    try FileManager.default.createSymbolicLink(
      atPath: folder.path + "/a/again", withDestinationPath: folder.path)
    let list = PictureList([file, folder.path, folder.path + "/a/../a"])
    #expect(list.entries.map(\.path) == [file])
  }

  @Test func aFolderCanBeLeftOut() throws {
    let folder = try TemporaryFolder()
    try folder.write(handmadeBMP(width: 8, height: 8), to: "in/1.bmp")
    try folder.write(handmadeBMP(width: 8, height: 8), to: "out/2.bmp")
    let list = PictureList([folder.path], excluding: [folder.path + "/out/"])
    #expect(list.entries.map(\.relative) == ["in/1.bmp"])
  }
}
