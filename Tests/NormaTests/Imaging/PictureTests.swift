import Foundation
import Norma
import NormaCore
import NormaFiles
import Synchronization
import TestSupport
import Testing

/// Resizing against closed forms and against PIL's antialiased bilinear.
@Suite struct ResizingTests {
  /// Antialiased bilinear along one axis, as PIL defines it: a triangle as wide as the shrinking.
  private func resample(_ line: [Double], to count: Int) -> [Double] {
    let scale = Double(line.count) / Double(count)
    let reach = max(scale, 1)
    return (0..<count).map { index in
      let centre = (Double(index) + 0.5) * scale
      var (sum, weights) = (0.0, 0.0)
      for place in line.indices {
        let weight = max(0, 1 - abs((Double(place) + 0.5 - centre) / reach))
        sum += weight * line[place]
        weights += weight
      }
      return sum / weights
    }
  }

  private func expected(_ grey: [[Double]], size: Int) -> [[Double]] {
    let across = grey.map { resample($0, to: size) }
    let columns = (0..<size).map { column in
      resample(across.map { $0[column] }, to: size)
    }
    return (0..<size).map { row in columns.map { $0[row] } }
  }

  @Test(arguments: [(61, 47), (24, 90), (90, 24), (20, 12), (300, 200)])
  func bothWaysAgainstTheClosedForm(_ width: Int, _ height: Int) throws {
    let folder = try TemporaryFolder()
    let grey = (0..<height).map { y in
      (0..<width).map { x in
        (127 + 120 * sin(20 * Double(x) / Double(width)) * cos(12 * Double(y) / Double(height)))
          .rounded()
      }
    }
    let png = HandmadePNG(
      width: width, height: height, kind: .grey, lines: grey.flatMap { $0.map { UInt8($0) } })
    let size = 40
    let picture = try PictureReader().read(folder.write(png.bytes, to: "waves.png"), size: size)
    #expect(picture.width == size && picture.height == size)
    #expect(picture.original == PictureSize(width: width, height: height))
    let wanted = expected(grey, size: size).flatMap { $0 }
    var sum = 0.0
    for (index, value) in wanted.enumerated() {
      let difference = abs(Double(picture.rgb[3 * index]) - value)
      #expect(difference < 6, "pixel \(index): \(picture.rgb[3 * index]) for \(value)")
      sum += difference
    }
    #expect(sum / Double(wanted.count) < 0.6)
  }

  /// With vector code that Orc compiled anew for every picture, libvips crashed now and then.
  @Test func manyThreadsAtOnceGiveTheSamePixels() throws {
    let folder = try TemporaryFolder()
    let paths = try (0..<8).map { index in
      let (width, height) = (33 + 5 * index, 70 - 4 * index)
      let png = HandmadePNG(
        width: width, height: height, kind: .rgb,
        lines: (0..<(3 * width * height)).map { UInt8(truncatingIfNeeded: 37 * $0 + 11 * index) })
      return try folder.write(png.bytes, to: "\(index).png")
    }
    let alone = try paths.map { try PictureReader().read($0, size: 32).rgb }
    let differing = Atomic(0)
    DispatchQueue.concurrentPerform(iterations: 4) { thread in
      for round in 0..<1000 {
        let index = (thread + round) % paths.count
        let picture = try? PictureReader().read(paths[index], size: 32)
        if picture?.rgb != alone[index] { differing.add(1, ordering: .relaxed) }
      }
    }
    #expect(differing.load(ordering: .relaxed) == 0)
  }

  /// However many pixels become one, their weights add up.
  @Test(arguments: [(300, 200), (1900, 64), (9000, 64), (64, 6000), (70_000, 48)])
  func whiteStaysWhite(_ width: Int, _ height: Int) throws {
    let folder = try TemporaryFolder()
    let png = HandmadePNG(
      width: width, height: height, kind: .grey,
      lines: [UInt8](repeating: 255, count: width * height))
    let picture = try PictureReader().read(folder.write(png.bytes, to: "white.png"), size: 40)
    #expect(picture.rgb.allSatisfy { $0 == 255 }, "\(picture.rgb.min() ?? 0)")
  }

  @Test func aspectIsKeptForLooking() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write(handmadeBMP(width: 200, height: 100), to: "wide.bmp")
    let picture = try PictureReader().read(path, fitting: 50)
    #expect(picture.width == 50 && picture.height == 25)
    #expect(try PictureReader().read(path, fitting: 500).width == 200)
  }

  @Test(.enabled(if: SharedData.isPresent, "needs the shared data"))
  func sharedPicturesAgainstPIL() throws {
    let golden = try GoldenTensor(
      "resized", of: SharedData.url("goldens/efficientnet_b4.safetensors"))
    let pictures = try golden.pictures.map {
      try PictureReader().read(SharedData.url("data/" + $0).path, size: 224)
    }
    let found = pictures.flatMap(\.rgb)
    #expect(found.count == golden.values.count && pictures.count == 2)
    let differences = zip(found, golden.values).map { abs(Float($0) - $1) }
    #expect(differences.reduce(0, +) / Float(differences.count) < 0.25)
    #expect(try #require(differences.max()) <= 2)
  }
}

/// One float32 tensor of a golden file and the pictures that the file names.
private struct GoldenTensor {
  var values: [Float]
  var pictures: [String]

  init(_ name: String, of file: URL) throws {
    let data = try Data(contentsOf: file)
    let length = data.prefix(8).enumerated().reduce(0) { $0 | Int($1.element) << (8 * $1.offset) }
    let header = try #require(
      try JSONSerialization.jsonObject(with: data[8..<(8 + length)]) as? [String: Any])
    let metadata = try #require(header["__metadata__"] as? [String: String])
    pictures = try JSONDecoder().decode(
      [String].self, from: Data(try #require(metadata["images"]).utf8))
    let tensor = try #require(header[name] as? [String: Any])
    #expect(tensor["dtype"] as? String == "F32")
    let offsets = try #require(tensor["data_offsets"] as? [Int])
    values = data[(8 + length + offsets[0])..<(8 + length + offsets[1])].withUnsafeBytes { bytes in
      (0..<(bytes.count / 4)).map {
        Float(bitPattern: bytes.loadUnaligned(fromByteOffset: 4 * $0, as: UInt32.self))
      }
    }
  }
}

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
