import Foundation
import Norma
import NormaCore
import NormaFiles
import Testing

/// Every kind of file that the reader promises, decoded to known pixels.
@Suite struct PictureFormatTests {
  let folder: TemporaryFolder
  let reader = PictureReader()
  let width = 20
  let height = 12

  init() throws { folder = try TemporaryFolder() }

  private func pixels(_ bytes: some Sequence<UInt8>, _ name: String = "picture.bin") throws
    -> [UInt8]
  {
    let picture = try reader.read(folder.write(bytes, to: name))
    #expect(picture.width == width && picture.height == height)
    #expect(picture.original == PictureSize(width: width, height: height))
    return picture.rgb
  }

  private func replicated(_ grey: [UInt8]) -> [UInt8] { grey.flatMap { [$0, $0, $0] } }
  private var ramp: [UInt8] { (0..<(width * height)).map { UInt8($0 % 256) } }

  @Test func losslessFormatsGiveTheirPixels() throws {
    let rgb = gradientPixels(width: width, height: height)
    for format in [PictureFormat.png, .tiff, .webp] {
      let file = try PictureWriter.encode(rgb, width, height, bands: 3, format: format)
      #expect(try pixels(file) == rgb, "\(format)")
    }
    #expect(try pixels(handmadeBMP(width: width, height: height)) == rgb)
  }

  @Test func gifIsDecoded() throws {
    let levels = (0..<(width * height)).map { UInt8(2 * ($0 % 128)) }
    #expect(try pixels(handmadeGIF(width: width, height: height)) == replicated(levels))
  }

  @Test func portableMapsAreDecoded() throws {
    func pnm(_ header: String, _ raster: [UInt8]) throws -> [UInt8] {
      try pixels(Array(header.utf8) + raster)
    }
    let (size, rgb) = ("\(width) \(height)", gradientPixels(width: width, height: height))
    #expect(try pnm("P5\n# a comment\n\(size)\n255\n", ramp) == replicated(ramp))
    #expect(try pnm("P6 \(size) 255\n", rgb) == rgb)
    // Big-endian; a scale of twelve bits is brought to eight.
    let wide = ramp.flatMap { [$0, 255 - $0] }
    #expect(try pnm("P5 \(size) 65535\n", wide) == replicated(ramp))
    let twelve = ramp.flatMap { [UInt8((Int($0) * 16) >> 8), UInt8(Int($0) * 16 & 255)] }
    let scaled = ramp.map { UInt8((Int($0) * 16 * 510 + 4095) / 8190) }
    #expect(try pnm("P5 \(size) 4095\n", twelve) == replicated(scaled))
    func text(_ values: [UInt8]) -> [UInt8] {
      Array(values.map { "\($0)" }.joined(separator: " ").utf8)
    }
    #expect(try pnm("P2\n\(size)\n255\n", text(ramp) + [10]) == replicated(ramp))
    #expect(try pnm("P3\n\(size)\n255\n", text(rgb)) == rgb)
    let bits = ramp.map { $0 % 3 == 0 ? UInt8(1) : 0 }
    let black = replicated(bits.map { $0 == 1 ? 0 : 255 })
    #expect(try pnm("P1\n\(size)\n", bits.map { $0 + 0x30 }) == black)
    // 20 pixels a line are two and a half bytes.
    let packed = (0..<height).flatMap { row in
      (0..<3).map { byte in
        (0..<8).reduce(UInt8(0)) { value, bit in
          let column = 8 * byte + bit
          return value << 1 | (column < width ? bits[row * width + column] : 0)
        }
      }
    }
    #expect(try pnm("P4\n\(size)\n", packed) == black)
  }

  @Test func whatIsMarkedFaintlyIsMarked() throws {
    let values = ramp.map { $0 == 9 ? UInt8(1) : 0 }
    let mask = Array("P5 \(width) \(height) 65535\n".utf8) + values.flatMap { [0, $0] }
    let read = try reader.readMask(
      folder.write(mask, to: "mask.pgm"), width: width, height: height)
    #expect(read.values == values)
  }

  @Test func jpegIsDecoded() throws {
    let flat = [UInt8](repeating: 130, count: width * height * 3)
    let file = try PictureWriter.jpeg(Picture(width: width, height: height, rgb: flat))
    for (found, expected) in zip(try pixels(file), flat) {
      #expect(abs(Int(found) - Int(expected)) <= 2)
    }
  }

  @Test func signatureDecidesNotTheName() throws {
    let rgb = gradientPixels(width: width, height: height)
    let png = try PictureWriter.encode(rgb, width, height, bands: 3, format: .png)
    #expect(try pixels(png, "picture.jpg") == rgb)
  }

  @Test func greyIsReplicated() throws {
    let png = HandmadePNG(width: width, height: height, kind: .grey, lines: ramp)
    #expect(try pixels(png.bytes) == replicated(ramp))
    let tiff = handmadeTIFF(
      width: width, height: height, photometric: 1, samples: 1, bits: 8, pixels: ramp)
    #expect(try pixels(tiff) == replicated(ramp))
  }

  @Test func sixteenBitsKeepTheUpperEight() throws {
    let low = ramp.map { 255 - $0 }
    let bigEndian = zip(ramp, low).flatMap { [$0, $1] }
    let grey = HandmadePNG(width: width, height: height, kind: .grey, bits: 16, lines: bigEndian)
    #expect(try pixels(grey.bytes) == replicated(ramp))

    let rgb = gradientPixels(width: width, height: height)
    let colour = HandmadePNG(
      width: width, height: height, kind: .rgb, bits: 16, lines: rgb.flatMap { [$0, 255 - $0] })
    #expect(try pixels(colour.bytes) == rgb)

    let tiff = handmadeTIFF(
      width: width, height: height, photometric: 1, samples: 1, bits: 16,
      pixels: zip(ramp, low).flatMap { [$1, $0] })
    #expect(try pixels(tiff) == replicated(ramp))
  }

  @Test func paletteIsResolved() throws {
    let palette: [UInt8] = [10, 20, 30, 200, 100, 50, 0, 255, 7]
    let indices = (0..<(width * height)).map { UInt8($0 % 3) }
    let png = HandmadePNG(
      width: width, height: height, kind: .palette, palette: palette, lines: indices)
    let expected = indices.flatMap { Array(palette[(3 * Int($0))..<(3 * Int($0) + 3)]) }
    #expect(try pixels(png.bytes) == expected)
  }

  @Test func oneBitIsBlackAndWhite() throws {
    // 20 pixels a line are two and a half bytes.
    let bits: [UInt8] = [0b1010_1010, 0b1111_0000, 0b0101_0000]
    let lines = [[UInt8]](repeating: bits, count: height).flatMap { $0 }
    let png = HandmadePNG(width: width, height: height, kind: .grey, bits: 1, lines: lines)
    let line = "10101010111100000101".map { $0 == "1" ? UInt8(255) : 0 }
    #expect(
      try pixels(png.bytes) == replicated([[UInt8]](repeating: line, count: height).flatMap { $0 }))
  }

  @Test func alphaIsDropped() throws {
    let rgb = gradientPixels(width: width, height: height)
    var rgba = [UInt8]()
    for place in ramp.indices { rgba += rgb[(3 * place)..<(3 * place + 3)] + [ramp[place]] }
    let colour = HandmadePNG(width: width, height: height, kind: .rgba, lines: rgba)
    #expect(try pixels(colour.bytes) == rgb)
    let greyAlpha = HandmadePNG(
      width: width, height: height, kind: .greyAlpha, lines: ramp.flatMap { [$0, UInt8(0)] })
    #expect(try pixels(greyAlpha.bytes) == replicated(ramp))
  }

  private func rgb(_ ink: ArraySlice<UInt8>) -> [Double] {
    let parts = ink.map { 255 - Double($0) }
    return parts[0..<3].map { $0 * parts[3] / 255 }
  }

  @Test func cmykBecomesRGB() throws {
    let inks = ramp.flatMap { (value: UInt8) -> [UInt8] in [value, 255 - value, 40, value % 90] }
    let tiff = handmadeTIFF(
      width: width, height: height, photometric: 5, samples: 4, bits: 8, pixels: inks)
    let found = try pixels(tiff)
    for place in ramp.indices {
      let wanted = rgb(inks[(4 * place)..<(4 * place + 4)])
      for channel in 0..<3 {
        #expect(abs(Double(found[3 * place + channel]) - wanted[channel]) <= 0.51)
      }
    }
    // JPEG is lossy, and its CMYK is stored inverted, as Adobe does.
    let ink: [UInt8] = [200, 60, 30, 50]
    let even = [[UInt8]](repeating: ink, count: ramp.count).flatMap { $0 }
    let jpeg = try PictureWriter.encode(
      even, width, height, bands: 4, format: .jpeg, quality: 100)
    let wanted = rgb(ink[...])
    for (index, value) in try pixels(jpeg).enumerated() {
      #expect(abs(Double(value) - wanted[index % 3]) <= 4)
    }
  }

  @Test func floatingPointIsRefused() throws {
    let tiff = handmadeTIFF(
      width: width, height: height, photometric: 1, samples: 1, bits: 32, format: 3,
      pixels: [UInt8](repeating: 0, count: width * height * 4))
    let path = try folder.write(tiff, to: "float.tif")
    let error = try #require(throws: FileProblem.self) { try reader.read(path) }
    #expect(error.description.hasPrefix(path))
    #expect(error.reason.contains("float values"))
  }

  @Test func orientationIsIgnoredUnlessAsked() throws {
    let rgb = gradientPixels(width: width, height: height)
    var tiff = handmadeTIFF(
      width: width, height: height, photometric: 2, samples: 3, bits: 8, pixels: rgb)
    // Planar configuration (284, contiguous by default) gives its place to orientation (274) 6.
    let planar = try #require(
      (0..<tiff.count - 1).first { tiff[$0] == 0x1C && tiff[$0 + 1] == 0x01 })
    tiff.replaceSubrange(planar..<(planar + 2), with: [0x12, 0x01])
    tiff[planar + 8] = 6
    let path = try folder.write(tiff, to: "turned.tif")
    #expect(try reader.read(path).rgb == rgb)
    let upright = try PictureReader(appliesOrientation: true).read(path)
    #expect(upright.width == height && upright.height == width)
    #expect(Array(upright.rgb[0..<3]) == gradient(0, height - 1))
  }
}

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

  /// A defect on the second one would be passed as normal.
  @Test func severalPagesOrFramesAreRefused() throws {
    let page = handmadeTIFF(
      width: 20, height: 12, photometric: 1, samples: 1, bits: 8,
      pixels: [UInt8](repeating: 7, count: 240))
    #expect(try reason(twoPages(page), "two.tif").contains("it holds 2 pages"))
    let preview = try folder.write(twoPages(page, subfile: 1), to: "preview.tif")
    #expect(try reader.read(preview).width == 20, "a preview is no page")
    let gif = handmadeGIF(width: 20, height: 12, frames: 3)
    #expect(try reason(gif, "moving.gif").contains("it holds 3 frames"))
    let png = HandmadePNG(
      width: 20, height: 12, kind: .grey, frames: 4, lines: [UInt8](repeating: 7, count: 240))
    #expect(try reason(png.bytes, "moving.png").contains("it holds 4 frames"))
    let still = HandmadePNG(
      width: 20, height: 12, kind: .grey, frames: 1, lines: [UInt8](repeating: 7, count: 240))
    #expect(try reader.read(folder.write(still.bytes, to: "still.png")).width == 20)
    let map = Array("P5 20 12 255\n".utf8) + [UInt8](repeating: 7, count: 240)
    #expect(try reason(map + map, "two.pgm").contains("it holds several pictures"))
    #expect(try reader.read(folder.write(map + [10], to: "one.pgm")).width == 20)
    for name in ["two.tif", "moving.gif", "moving.png"] {
      #expect(throws: FileProblem.self) { try reader.probe(folder.path + "/" + name) }
    }
  }

  @Test func portableMapsThatSayMoreThanTheyHold() throws {
    for header in ["P5 20 12 255\n", "P2 20 12 255\n", "P4 400 12\n", "P1 20 12\n"] {
      #expect(try reason(header.utf8, "short.pnm").contains("damaged, cut off"), "\(header)")
    }
    #expect(try reason("P5 99999999999 9 255\n".utf8, "wide.pgm").contains("no width"))
    #expect(
      try reason("P5 200000000 200000000 255\n".utf8, "huge.pgm").contains("more than the limit"))
    #expect(
      try reason("P2 8 8 7 ".utf8 + Array(String(repeating: "9 ", count: 64).utf8), "high.pgm")
        .contains("the value 9, where 7 is the largest"))
    #expect(try reason("P5 8 8 70000\n".utf8, "deep.pgm").contains("damaged, cut off"))
  }

  @Test func truncatedGIF() throws {
    let whole = handmadeGIF(width: 90, height: 70)
    #expect(try reason(whole.prefix(whole.count / 2), "half.gif").contains("damaged, cut off"))
  }

  @Test func empty() throws {
    #expect(try reason([UInt8](), "empty.png") == "the file is empty (0 bytes)")
  }

  @Test func text() throws {
    let reason = try reason("hello, I am no picture".utf8, "notes.png")
    #expect(reason.contains("not a picture") && reason.contains("\"hello, I\""))
    #expect(reason.contains("JPEG, PNG, TIFF, WebP, BMP, GIF and PNM are read"))
  }

  @Test func foreignPicturesNeverReachADecoder() throws {
    let vector = "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"9\" height=\"9\"/>"
    #expect(try reason(vector.utf8, "drawing.png").contains("not a picture"))
    let jpeg2000: [UInt8] = [0, 0, 0, 0x0C, 0x6A, 0x50, 0x20, 0x20, 0x0D, 0x0A, 0x87, 0x0A]
    #expect(try reason(jpeg2000, "phone.jpg").contains("a JPEG 2000 picture"))
    #expect(try reason("GIF89a\u{1}\u{0}\u{1}".utf8, "moving.jpg").contains("damaged, cut off"))
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
