import Foundation
import Norma
import NormaCore
import NormaFiles
import TestSupport
import Testing

@Suite("Whether a mask is empty")
struct EmptyMaskTests {
  private let tree: TemporaryFolder
  private let reader = PictureReader()

  init() throws { tree = try TemporaryFolder() }

  private func isEmpty(_ png: HandmadePNG) throws -> Bool {
    try reader.isEmptyMask(tree.file("mask.png", Data(png.bytes)))
  }

  /// An uncompressed BMP of 9×2 pixels, `marked` ones set, from black and white with fewer than 24 bits.
  private func bmp(bits: Int, marked: [(x: Int, y: Int)] = []) -> Data {
    let (width, height) = (9, 2)
    let row = (width * bits + 31) / 32 * 4
    var palette: [UInt8] = []
    if bits <= 8 {
      for index in 0..<1 << bits { palette += index == 0 ? [0, 0, 0, 0] : [255, 255, 255, 0] }
    }
    var pixels = [UInt8](repeating: 0, count: row * height)
    for pixel in marked {
      let bit = pixel.x * bits
      pixels[pixel.y * row + bit / 8] |= bits == 1 ? 0x80 >> UInt8(bit % 8) : 0xFF
    }
    var bytes = Array("BM".utf8) + littleEndian(54 + palette.count + pixels.count, 4)
    bytes += littleEndian(0, 4) + littleEndian(54 + palette.count, 4)
    bytes += littleEndian(40, 4) + littleEndian(width, 4) + littleEndian(height, 4)
    bytes += littleEndian(1, 2) + littleEndian(bits, 2) + littleEndian(0, 24)
    return Data(bytes + palette + pixels)
  }

  @Test(arguments: [1, 8, 24])
  func onePixelOfABMPMarksIt(bits: Int) throws {
    let empty = try tree.file("empty.bmp", bmp(bits: bits))
    #expect(try reader.isEmptyMask(empty))
    let marked = try tree.file("marked.bmp", bmp(bits: bits, marked: [(8, 1)]))
    #expect(try !reader.isEmptyMask(marked))
  }

  @Test func onePixelOfAPNGMarksIt() throws {
    #expect(try isEmpty(HandmadePNG(width: 3, height: 2, kind: .grey, lines: [0, 0, 0, 0, 0, 0])))
    #expect(try !isEmpty(HandmadePNG(width: 3, height: 2, kind: .grey, lines: [0, 0, 0, 0, 0, 1])))
    let blue = HandmadePNG(width: 1, height: 2, kind: .rgb, lines: [0, 0, 0, 0, 0, 255])
    #expect(try !isEmpty(blue))
    // The lowest of 16 bits counts.
    let deep = HandmadePNG(width: 1, height: 2, kind: .grey, bits: 16, lines: [0, 0, 0, 1])
    #expect(try !isEmpty(deep))
    // Alpha does not.
    let opaque = HandmadePNG(width: 1, height: 2, kind: .greyAlpha, lines: [0, 255, 0, 255])
    #expect(try isEmpty(opaque))
  }

  @Test func aPaletteCountsByItsColours() throws {
    let palette: [UInt8] = [0, 0, 0, 255, 255, 255]
    for (lines, expected) in [([0, 0], true), ([0, 1], false)] as [([UInt8], Bool)] {
      let png = HandmadePNG(width: 1, height: 2, kind: .palette, palette: palette, lines: lines)
      #expect(try isEmpty(png) == expected)
    }
  }

  @Test func whatCannotBeReadIsRefused() throws {
    let whole = HandmadePNG(width: 3, height: 2, kind: .grey, lines: [0, 0, 0, 0, 0, 0])
    let broken: [(String, Data)] = [
      ("cut.png", Data(whole.bytes.prefix(50))), ("short.bmp", bmp(bits: 8).dropLast(15)),
      ("text.png", Data("no picture".utf8)),
    ]
    for (name, data) in broken {
      let path = try tree.file(name, data)
      #expect(throws: FileProblem.self, "\(name)") { try reader.isEmptyMask(path) }
    }
    #expect(throws: FileProblem.self) { try reader.isEmptyMask(tree["none.png"]) }
  }

  /// A data set of which the masks alone say what is defective, as the command line reads it.
  @Test func aKolektorDataSetIsReadByItsMasks() throws {
    let picture = HandmadePNG(
      width: 8, height: 8, kind: .grey, lines: [UInt8](repeating: 9, count: 64))
    for (name, mark) in [("train/1", 0), ("train/2", 1), ("test/3", 0), ("test/4", 1)] {
      var mask = picture
      mask.lines = [UInt8](repeating: 0, count: 63) + [UInt8(mark)]
      try tree.file("K2/\(name).png", Data(picture.bytes))
      try tree.file("K2/\(name)_GT.png", Data(mask.bytes))
    }
    let dataset = try DatasetReader.read(tree["K2"], isEmptyMask: reader.isEmptyMask)
    #expect(dataset.unusable.isEmpty)
    #expect(dataset.train.map(\.path) == [tree["K2/train/1.png"]])
    #expect(dataset.test.map(\.label) == [.normal, .anomalous("defect")])
  }
}
