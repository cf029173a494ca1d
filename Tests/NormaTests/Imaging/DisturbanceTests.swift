import Foundation
import Norma
import NormaCore
import Testing

@Suite struct DisturbanceTests {
  private static let side = 24

  /// Colours that differ in every row and column, with black and white among them.
  private static let picture = Picture(
    width: side, height: side,
    rgb: (0..<side * side).flatMap { pixel -> [UInt8] in
      let (x, y) = (pixel % side, pixel / side)
      return [UInt8(x * 11), UInt8(y * 11), UInt8((x * 7 + y * 13) % 256)]
    })

  private static let mask = Mask(
    width: side, height: side,
    values: (0..<side * side).map { pixel in
      (3..<9).contains(pixel % side) && (5..<8).contains(pixel / side) ? 1 : 0
    })

  private func level(_ picture: Picture, _ x: Int, _ y: Int, _ channel: Int) -> Int {
    Int(picture.rgb[(y * picture.width + x) * 3 + channel])
  }

  private func clamped(_ value: Int) -> Int { min(max(value, 0), Self.side - 1) }

  @Test(arguments: [
    Disturbance.blur(0), .brightness(1), .offset(0), .noise(0, seed: 3), .shift(0), .rotation(0),
    .rotation(360),
  ])
  func nothingIsDoneAtTheUndisturbedStep(disturbance: Disturbance) throws {
    #expect(try Self.picture.disturbed(by: disturbance, path: "a/b.png") == Self.picture)
    #expect(try Self.mask.disturbed(by: disturbance) == Self.mask)
  }

  @Test(arguments: [0, 0.35, 0.5, 1.3, 2.5])
  func brightnessIsAFactorRoundedAndHeld(factor: Double) throws {
    let changed = try Self.picture.disturbed(by: .brightness(factor))
    let expected = Self.picture.rgb.map { UInt8(min(255, (Double($0) * factor + 0.5))) }
    #expect(changed.rgb == expected)
  }

  @Test(arguments: [-255, -40, -0.4, 7, 90.6])
  func anOffsetIsAddedRoundedAndHeld(levels: Double) throws {
    let changed = try Self.picture.disturbed(by: .offset(levels))
    let expected = Self.picture.rgb.map { UInt8(min(255, max(0, Double($0) + levels + 0.5))) }
    #expect(changed.rgb == expected)
  }

  @Test(arguments: [1, 5, -3, 100])
  func aShiftIsExactAndItsEdgesGoOn(distance: Int) throws {
    let moved = try Self.picture.disturbed(by: .shift(distance))
    let mask = try Self.mask.disturbed(by: .shift(distance))
    for y in 0..<Self.side {
      for x in 0..<Self.side {
        let (fromX, fromY) = (clamped(x - distance), clamped(y - distance))
        for channel in 0..<3 {
          #expect(level(moved, x, y, channel) == level(Self.picture, fromX, fromY, channel))
        }
        #expect(mask.values[y * Self.side + x] == Self.mask.values[fromY * Self.side + fromX])
      }
    }
  }

  @Test func quarterTurnsAreExact() throws {
    let last = Self.side - 1
    let turned = try Self.picture.disturbed(by: .rotation(90))
    let back = try Self.picture.disturbed(by: .rotation(-90))
    let mask = try Self.mask.disturbed(by: .rotation(90))
    for y in 0..<Self.side {
      for x in 0..<Self.side {
        for channel in 0..<3 {
          // Clockwise: what was at the left is at the top.
          #expect(level(turned, x, y, channel) == level(Self.picture, y, last - x, channel))
          #expect(level(back, x, y, channel) == level(Self.picture, last - y, x, channel))
        }
        #expect(mask.values[y * Self.side + x] == Self.mask.values[(last - x) * Self.side + y])
      }
    }
    let half = try Self.picture.disturbed(by: .rotation(180))
    #expect(half == (try turned.disturbed(by: .rotation(90))))
  }

  @Test func aSmallTurnMovesPointsAsGeometrySays() throws {
    // A bright square far from the centre, at the right: clockwise it moves down.
    let side = 101
    let values = (0..<side * side).flatMap { pixel -> [UInt8] in
      let inside = (85...89).contains(pixel % side) && (48...52).contains(pixel / side)
      return [UInt8](repeating: inside ? 255 : 0, count: 3)
    }
    let square = Picture(width: side, height: side, rgb: values)
    let turned = try square.disturbed(by: .rotation(20))
    var (sum, x, y) = (0.0, 0.0, 0.0)
    for pixel in 0..<side * side {
      let weight = Double(turned.rgb[3 * pixel])
      sum += weight
      x += weight * Double(pixel % side)
      y += weight * Double(pixel / side)
    }
    let angle = 20 * Double.pi / 180
    #expect(abs(x / sum - (50 + 37 * cos(angle))) < 0.05)
    #expect(abs(y / sum - (50 + 37 * sin(angle))) < 0.05)
    #expect(abs(sum / 255 - 25) < 0.5)
  }

  @Test func edgesGoOnWhereATurnedPictureHasNothing() throws {
    let grey = Picture(
      width: 20, height: 12, rgb: [UInt8](repeating: 140, count: 20 * 12 * 3))
    for degrees in [3.0, 45, 90, 200] {
      #expect(try grey.disturbed(by: .rotation(degrees)) == grey)
    }
  }

  @Test func blurIsAGaussianWhoseEdgesGoOn() throws {
    let deviation = 1.5
    let blurred = try Self.picture.disturbed(by: .blur(deviation))
    let reach = 8
    let weights = (-reach...reach).map { exp(-Double($0 * $0) / (2 * deviation * deviation)) }
    let total = weights.reduce(0, +)
    for (x, y) in [(0, 0), (5, 17), (12, 12), (23, 2)] {
      for channel in 0..<3 {
        var sum = 0.0
        for (row, down) in zip(-reach...reach, weights) {
          for (column, across) in zip(-reach...reach, weights) {
            sum +=
              down * across
              * Double(level(Self.picture, clamped(x + column), clamped(y + row), channel))
          }
        }
        // The kernel ends where it is a thousandth of its height.
        #expect(abs(sum / (total * total) - Double(level(blurred, x, y, channel))) < 1.5)
      }
    }
    #expect(try Self.mask.disturbed(by: .blur(deviation)) == Self.mask)
  }

  @Test func jpegChangesButLittle() throws {
    func difference(_ quality: Int) throws -> Double {
      let smooth = Picture(
        width: 64, height: 64,
        rgb: (0..<64 * 64).flatMap { pixel -> [UInt8] in
          let value = 120 + 60 * sin(Double(pixel % 64) / 6) + 30 * cos(Double(pixel / 64) / 3)
          return [UInt8(value), UInt8(value), UInt8(value)]
        })
      let packed = try smooth.disturbed(by: .jpeg(quality))
      #expect(packed.width == 64 && packed.height == 64 && packed != smooth)
      let sum = zip(smooth.rgb, packed.rgb).reduce(0) { $0 + abs(Int($1.0) - Int($1.1)) }
      return Double(sum) / Double(smooth.rgb.count)
    }
    let (fine, coarse) = (try difference(95), try difference(10))
    #expect(fine > 0 && fine < 1)
    #expect(coarse > fine && coarse < 20)
  }

  @Test func noiseHasItsDeviationAndItsSeed() throws {
    let grey = Picture(
      width: 96, height: 96, rgb: [UInt8](repeating: 128, count: 96 * 96 * 3))
    let noisy = try grey.disturbed(by: .noise(10, seed: 7), path: "/x/bottle/test/good/1.png")
    let values = noisy.rgb.map { Double($0) - 128 }
    let mean = values.reduce(0, +) / Double(values.count)
    let deviation = (values.reduce(0) { $0 + $1 * $1 } / Double(values.count)).squareRoot()
    // 27,648 values: three standard errors are 0.18 and 0.13.
    #expect(abs(mean) < 0.2 && abs(deviation - 10) < 0.2)
    func again(_ seed: UInt64, _ path: String) throws -> Picture {
      try grey.disturbed(by: .noise(10, seed: seed), path: path)
    }
    #expect(try again(7, "/elsewhere/bottle/test/good/1.png") == noisy)
    #expect(try again(8, "/x/bottle/test/good/1.png") != noisy)
    #expect(try again(7, "/x/bottle/test/good/2.png") != noisy)
    // Twice the deviation is the same noise, twice as strong.
    let strong = try grey.disturbed(by: .noise(20, seed: 7), path: "/x/bottle/test/good/1.png")
    for (weak, strong) in zip(values, strong.rgb) {
      #expect(abs(2 * weak - (Double(strong) - 128)) <= 1.5)
    }
  }
}
