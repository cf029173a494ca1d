import Foundation
import Norma
import NormaCore
import NormaFiles
import Testing

@Suite struct MaskTests {
  @Test func aboveZeroIsAnomalous() throws {
    let folder = try TemporaryFolder()
    let values: [UInt8] = [0, 1, 255, 0, 0, 7]
    let grey = HandmadePNG(width: 3, height: 2, kind: .grey, lines: values)
    let path = try folder.write(grey.bytes, to: "mask.png")
    let mask = try PictureReader().readMask(path, width: 3, height: 2)
    #expect(mask.values == [0, 1, 1, 0, 0, 1])

    // The lowest bit of 16 counts, alpha does not.
    let deep = HandmadePNG(
      width: 3, height: 2, kind: .grey, bits: 16,
      lines: [0, 0, 0, 1, 1, 0, 0, 0, 0, 0, 255, 255])
    let deepPath = try folder.write(deep.bytes, to: "deep.png")
    #expect(try PictureReader().readMask(deepPath, width: 3, height: 2).values == mask.values)
    let alpha = HandmadePNG(
      width: 3, height: 2, kind: .greyAlpha, lines: values.flatMap { [$0, 255] })
    let alphaPath = try folder.write(alpha.bytes, to: "alpha.png")
    #expect(try PictureReader().readMask(alphaPath, width: 3, height: 2).values == mask.values)
  }

  @Test func allMasksOfAPictureMarkItTogether() throws {
    let folder = try TemporaryFolder()
    let masks = try [[0, 9, 0, 0], [0, 0, 0, 1]].enumerated().map { number, values in
      let png = HandmadePNG(width: 2, height: 2, kind: .grey, lines: values.map { UInt8($0) })
      return try folder.write(png.bytes, to: "\(number).png")
    }
    var sample = Sample(
      path: "p.png", category: "c", split: .test, label: .anomalous("d"), mask: masks[0],
      moreMasks: [masks[1]])
    let reader = PictureReader()
    #expect(try reader.readMask(of: sample, width: 2, height: 2)?.values == [0, 1, 0, 1])
    sample.moreMasks = nil
    #expect(try reader.readMask(of: sample, width: 2, height: 2)?.values == [0, 1, 0, 0])
    sample.mask = nil
    #expect(try reader.readMask(of: sample, width: 2, height: 2) == nil)
    sample.mask = folder.path + "/none.png"
    #expect(throws: FileProblem.self) { try reader.readMask(of: sample, width: 2, height: 2) }
  }

  @Test func nearestNeighbourTakesPixelCentres() throws {
    let mask = Mask(width: 5, height: 1, values: [1, 0, 0, 1, 1])
    // Centres of 2 pixels lie at 1.25 and 3.75, of 3 at .83, 2.5 and 4.17.
    #expect(mask.resized(width: 2, height: 1).values == [0, 1])
    #expect(mask.resized(width: 3, height: 1).values == [1, 0, 1])
    let grown = mask.resized(width: 10, height: 2)
    #expect(grown.values == [1, 1, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 1, 1, 1, 1])
    #expect(grown.original == PictureSize(width: 5, height: 1))
  }
}
