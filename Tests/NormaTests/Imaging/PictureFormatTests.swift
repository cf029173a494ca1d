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
