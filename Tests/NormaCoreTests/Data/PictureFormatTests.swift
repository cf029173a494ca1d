import Foundation
import NormaCore
import NormaFiles
import TestSupport
import Testing

@Suite("Picture formats")
struct PictureFormatTests {
  @Test func tellsFormatsByTheirFirstBytes() {
    let heads: [(PictureFormat, [UInt8])] = [
      (.jpeg, [0xFF, 0xD8, 0xFF, 0xE0]),
      (.png, [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A, 0]),
      (.tiff, [0x49, 0x49, 0x2A, 0, 8]), (.tiff, [0x4D, 0x4D, 0, 0x2A]),
      (.tiff, [0x49, 0x49, 0x2B, 0]), (.tiff, [0x4D, 0x4D, 0, 0x2B]),
      (.webp, Array("RIFF".utf8) + [1, 2, 3, 4] + Array("WEBPVP8 ".utf8)),
      (.bmp, Array("BM".utf8) + [UInt8](repeating: 0, count: 12) + [40, 0, 0, 0]),
      (.bmp, Array("BM".utf8)), (.gif, Array("GIF87a".utf8)), (.gif, Array("GIF89a\u{1}".utf8)),
      (.pnm, Array("P5\n640 480\n255\n".utf8)), (.pnm, Array("P2 # made by hand".utf8)),
    ]
    for (format, head) in heads { #expect(PictureFormat.sniff(head) == format) }
  }

  @Test func takesNothingElse() {
    let heads: [[UInt8]] = [
      [], [0xFF], [0xFF, 0xD8], Array("GIF88a".utf8), Array("P4 is a processor".utf8),
      Array("P7 1 1".utf8), Array("BMW is a maker of cars".utf8),
      Array("RIFF1234WAVE".utf8), Array("RIFF1234WEB".utf8), [0x89, 0x50, 0x4E, 0x47],
    ]
    for head in heads { #expect(PictureFormat.sniff(head) == nil) }
  }

  @Test func whatLooksLikeAPictureIsNotPassedOver() throws {
    let tree = try TemporaryFolder()
    let pictures = try [
      tree.file("damaged.JP2", text: "text"), tree.file("empty.gif", Data()),
      tree.picture("noname"), tree.file("a.b.heic", text: ""),
      tree.file("codestream", Data([0xFF, 0x4F, 0xFF, 0x51, 0])),
      tree.file("phone.data", Data([0, 0, 0, 24]) + Data("ftypavif".utf8)),
      tree.file("map", text: "P5\n# a comment\n2 2\n255\n"),
    ]
    for path in pictures { #expect(PictureFormat.looksLikePicture(path), "\(path)") }
    let others = try [
      tree.file("notes.txt", text: "P5 is no map"), tree.file("jpg", text: "no ending"),
      tree.file("film.mp4", Data([0, 0, 0, 24]) + Data("ftypisom".utf8)),
      tree.file("empty", Data()),
    ]
    for path in others { #expect(!PictureFormat.looksLikePicture(path), "\(path)") }
  }

  @Test func saysWhatItFoundInstead() throws {
    let tree = try TemporaryFolder()
    func reason(_ name: String) -> String? {
      do {
        _ = try PictureFormat.of(tree[name])
        return nil
      } catch {
        return (error as? FileProblem)?.reason
      }
    }
    try tree.file("text.png", text: "hello world")
    try tree.file("empty.png", Data())
    try tree.file("film.jpg", Data([0, 0, 0, 24]) + Data("ftypheic".utf8))
    try tree.picture("fine.txt")
    try tree.folder("folder.png")
    #expect(
      reason("text.png")
        == "not a picture: its first bytes are 68 65 6c 6c 6f 20 77 6f (\"hello wo\"); "
        + "JPEG, PNG, TIFF, WebP, BMP, GIF and PNM are read")
    #expect(reason("empty.png") == "the file is empty (0 bytes)")
    #expect(
      reason("film.jpg")
        == "it is a HEIF picture; JPEG, PNG, TIFF, WebP, BMP, GIF and PNM are read, so convert it")
    #expect(reason("fine.txt") == nil)
    #expect(reason("folder.png") == "it is a folder, a file was expected")
    #expect(reason("none.png") == "cannot be opened: there is no such file or folder")
  }
}
