import Foundation
import Norma
import NormaCore
import Testing

@Suite struct HeatMapTests {
  @Test func infernoRunsFromBlackToPaleYellow() throws {
    let table = ColourMap.inferno
    #expect(table.count == 256)
    // Entries of the published table (values of 0…1, times 255).
    let published: [(Int, [Int])] = [
      (0, [0, 0, 4]), (64, [87, 16, 110]), (128, [188, 55, 84]), (255, [252, 255, 164]),
    ]
    for (step, colour) in published {
      for channel in 0..<3 {
        #expect(abs(Int(table[step][channel]) - colour[channel]) <= 8, "step \(step)")
      }
    }
    let brightness = table.map {
      0.2126 * Float($0[0]) + 0.7152 * Float($0[1]) + 0.0722 * Float($0[2])
    }
    #expect(zip(brightness, brightness.dropFirst()).allSatisfy { $1 > $0 - 0.5 })
  }

  @Test func mapsGrowAboutPixelCentres() {
    let map = AnomalyMap(width: 2, height: 1, values: [0, 1])
    let grown = map.resized(width: 4, height: 2)
    #expect(grown.values == [0, 0.25, 0.75, 1, 0, 0.25, 0.75, 1])
    #expect(map.mask(above: 0.5, width: 4, height: 1).values == [0, 0, 1, 1])
  }

  @Test func overlayLeavesTheInconspicuousAsItIs() throws {
    let picture = Picture(width: 4, height: 1, rgb: [UInt8](repeating: 100, count: 12))
    let map = AnomalyMap(width: 4, height: 1, values: [0, 0.2, 1, 9])
    let scale = HeatScale(pixelThreshold: 1)
    let overlay = picture.overlaid(with: map, scale: scale)
    #expect(Array(overlay.rgb[0..<6]) == [UInt8](repeating: 100, count: 6))
    // Above the scale counts as its end: 30 % of the picture, 70 % of the last colour.
    let last = ColourMap.inferno[255]
    for channel in 0..<3 {
      #expect(
        overlay.rgb[9 + channel] == UInt8((100 + (Float(last[channel]) - 100) * 0.7).rounded()))
    }
    // At the threshold the colours are in their middle.
    let opaque = picture.overlaid(with: map, scale: scale, opacity: 1)
    let smooth = Float(0.5 - 0.3) / 0.35
    let share = smooth * smooth * (3 - 2 * smooth)
    for channel in 0..<3 {
      let middle = Float(ColourMap.inferno[128][channel])
      #expect(abs(Float(opaque.rgb[6 + channel]) - (100 + (middle - 100) * share)) <= 0.51)
    }
  }

  @Test func outlineRunsAroundTheRegion() {
    let size = 9
    let black = Picture(
      width: size, height: size, rgb: [UInt8](repeating: 0, count: size * size * 3))
    let values = (0..<(size * size)).map { place -> UInt8 in
      (3...5).contains(place % size) && (3...5).contains(place / size) ? 1 : 0
    }
    let mask = Mask(width: size, height: size, values: values)
    let drawn = black.outlined(mask, colour: OutlineColour(red: 1, green: 2, blue: 3), thickness: 2)
    for place in 0..<(size * size) {
      let reach = max(abs(place % size - 4), abs(place / size - 4))
      let expected: [UInt8] = (2...3).contains(reach) ? [1, 2, 3] : [0, 0, 0]
      #expect(Array(drawn.rgb[(3 * place)..<(3 * place + 3)]) == expected, "pixel \(place)")
    }
  }

  @Test func emptyMaskDrawsNothing() {
    let picture = Picture(width: 30, height: 20, rgb: gradientPixels(width: 30, height: 20))
    let mask = Mask(width: 3, height: 2, values: [0, 0, 0, 0, 0, 0])
    #expect(picture.outlined(mask, colour: .found) == picture)
  }
}
