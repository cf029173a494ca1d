import Foundation
import Norma
import NormaCore
import NormaFiles
import Testing

/// What cannot be read is refused, with words for people.
@Suite struct BadPictureTests {
  let folder: TemporaryFolder
  let reader = PictureReader()

  init() throws { folder = try TemporaryFolder() }

  private func reason(_ bytes: some Sequence<UInt8>, _ name: String) throws -> String {
    let path = try folder.write(bytes, to: name)
    let error = try #require(throws: FileProblem.self) { try reader.read(path, size: 32) }
    #expect(error.path == path)
    return error.reason
  }

  /// Pixels that compress badly, so that half of the file is half of the picture.
  private func noise(_ format: PictureFormat, width: Int = 90, height: Int = 70) throws -> Data {
    var state: UInt64 = 7
    let pixels = (0..<(width * height * 3)).map { _ -> UInt8 in
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return UInt8(truncatingIfNeeded: state >> 40)
    }
    return try PictureWriter.encode(
      pixels, width, height, bands: 3, format: format, quality: 90)
  }

  @Test(arguments: [PictureFormat.jpeg, .png, .tiff, .webp])
  func truncated(_ format: PictureFormat) throws {
    let whole = try noise(format)
    #expect(try reason(whole.prefix(whole.count / 2), "half").contains("damaged, cut off"))
  }

  @Test func truncatedBMP() throws {
    let whole = handmadeBMP(width: 90, height: 70)
    #expect(try reason(whole.prefix(whole.count / 2), "half.bmp").contains("damaged, cut off"))
  }

  @Test func empty() throws {
    #expect(try reason([UInt8](), "empty.png") == "the file is empty (0 bytes)")
  }

  @Test func text() throws {
    let reason = try reason("hello, I am no picture".utf8, "notes.png")
    #expect(reason.contains("not a picture") && reason.contains("\"hello, I\""))
    #expect(reason.contains("JPEG, PNG, TIFF, WebP and BMP are read"))
  }

  @Test func foreignPicturesNeverReachADecoder() throws {
    let vector = "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"9\" height=\"9\"/>"
    #expect(try reason(vector.utf8, "drawing.png").contains("not a picture"))
    #expect(try reason("GIF89a\u{1}\u{0}\u{1}".utf8, "moving.jpg").contains("a GIF"))
  }

  @Test func missingFileAndFolder() throws {
    let missing = try #require(throws: FileProblem.self) {
      try reader.read(folder.path + "/absent.png")
    }
    #expect(missing.reason == "cannot be opened: there is no such file or folder")
    let directory = try #require(throws: FileProblem.self) { try reader.read(folder.path) }
    #expect(directory.reason == "it is a folder, a file was expected")
  }

  @Test func onePixel() throws {
    let png = HandmadePNG(width: 1, height: 1, kind: .grey, lines: [9])
    #expect(
      try reason(png.bytes, "dot.png") == "1 × 1 pixels; at least 8 × 8 are needed")
  }

  @Test func tooManyPixelsAreRefusedFromTheHeader() throws {
    let png = HandmadePNG(width: 30_000, height: 30_000, kind: .rgb, lines: [])
    // No pixel follows the header, so nothing can have been decoded.
    let header = png.header + Array("\0\0\0\0IDAT".utf8)
    let expected =
      "30000 × 30000 pixels (900 megapixels) are more than the limit of 200 megapixels; a picture "
      + "that is meant to be so large is read with --pixel-limit 900"
    #expect(try reason(header, "huge.png") == expected)
    let bmp = handmadeBMP(width: 30_000, height: 30_000, pixels: false)
    #expect(try reason(bmp, "huge.bmp") == expected)
    let path = folder.path + "/huge.png"
    let probed = try #require(throws: FileProblem.self) { try reader.probe(path) }
    #expect(probed.reason == expected)
  }

  @Test func limitIsTheCallers() throws {
    let path = try folder.write(handmadeBMP(width: 20, height: 10), to: "small.bmp")
    #expect(throws: FileProblem.self) { try PictureReader(pixelLimit: 199).read(path) }
    #expect(try PictureReader(pixelLimit: 200).read(path).width == 20)
  }

  @Test func errorsOfThreadsAreNotMixed() throws {
    let reader = PictureReader()
    let names = try [PictureFormat.jpeg, .png, .tiff].map { format in
      let whole = try noise(format)
      return try folder.write(whole.prefix(whole.count / 2), to: format.rawValue)
    }
    let alone = names.map { name in
      #expect(throws: FileProblem.self) { try reader.read(name) }
    }
    let together = Collected()
    DispatchQueue.concurrentPerform(iterations: 60) { turn in
      do {
        _ = try reader.read(names[turn % 3])
      } catch {
        together.append("\(error)")
      }
    }
    #expect(together.all.count == 60)
    #expect(Set(together.all) == Set(alone.compactMap { $0?.description }))
  }

  private final class Collected: @unchecked Sendable {
    private let lock = NSLock()
    private var values: [String] = []
    func append(_ value: String) { lock.withLock { values.append(value) } }
    var all: [String] { lock.withLock { values } }
  }
}
