import NormaCore
import Testing

struct TexturedTwinTests {
  private static let side = 30

  private func picture(_ colour: (Int, Int) -> [UInt8]) -> [UInt8] {
    (0..<Self.side * Self.side).flatMap { colour($0 % Self.side, $0 / Self.side) }
  }

  private func twin(_ seed: UInt64, _ below: [UInt8], _ above: [UInt8]) -> [UInt8] {
    TexturedTwin(texture: "t", seed: seed).painted(below, with: above, side: Self.side)
  }

  @Test func theSeedDecides() {
    let below = picture { x, _ in [UInt8(x * 8), 90, 30] }
    let above = picture { x, y in [UInt8(x * 4 + y * 4), UInt8(y * 8), 60] }
    #expect(twin(1, below, above) == twin(1, below, above))
    #expect(Set((0..<20).map { twin($0, below, above) }).count == 20)
    #expect(twin(1, below, above).count == below.count)
  }

  /// Patches leave nothing bare: a white texture over black, in other colours, is nowhere black.
  @Test func allOfThePictureIsCovered() {
    let black = picture { _, _ in [0, 0, 0] }
    let white = picture { _, _ in [255, 255, 255] }
    for seed in 0..<40 as Range<UInt64> {
      // At least 0.6 of a gain of 0.6, less 48.
      #expect(twin(seed, black, white).allSatisfy { $0 >= 62 })
    }
  }

  /// Every other column of the texture is bright; turned by a right angle, every other row is.
  @Test func patchesAreTurnedAndKeepTheTexture() {
    let grey = picture { _, _ in [128, 128, 128] }
    let stripes = picture { x, _ in x % 2 == 0 ? [20, 20, 20] : [220, 220, 220] }
    var (upright, lying) = (0, 0)
    for seed in 0..<30 as Range<UInt64> {
      let made = twin(seed, grey, stripes)
      // Well within the first patch, however large it is.
      let (here, right, down) = (made[0], made[3], made[Self.side * 3])
      if here != right && here == down { upright += 1 }
      if here == right && here != down { lying += 1 }
    }
    #expect(upright + lying == 30 && upright > 5 && lying > 5, "\(upright), \(lying)")
  }

  @Test func aPictureOfOnePixelHasATwin() {
    let made = TexturedTwin(texture: "t", seed: 3).painted([1, 2, 3], with: [9, 9, 9], side: 1)
    #expect(made.count == 3)
  }
}
