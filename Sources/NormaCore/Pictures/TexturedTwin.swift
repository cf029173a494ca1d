/// A picture with texture of another one pasted all over it: patches of that, turned, mirrored and in
/// other colours. No product looks like it, though it is made of what a camera saw; its features are
/// what such a place would have.
public struct TexturedTwin: Sendable, Hashable {
  /// Path of the picture that the patches are of.
  public var texture: String
  /// Decides all that is random.
  public var seed: UInt64

  public init(texture: String, seed: UInt64) {
    (self.texture, self.seed) = (texture, seed)
  }

  /// Patches along a side: one of these is drawn for each picture.
  private static let counts = [2, 3, 4, 6, 8]

  /// The twin of a picture.
  ///
  /// - Parameters:
  ///   - picture: `side · side · 3` bytes, RGB.
  ///   - texture: the picture that the patches are of, of the same size.
  /// - Returns: as many bytes; the same for the same bytes and seed.
  /// - Precondition: both have `side · side · 3` bytes.
  public func painted(_ picture: [UInt8], with texture: [UInt8], side: Int) -> [UInt8] {
    precondition(picture.count == side * side * 3 && texture.count == picture.count)
    var draws = SeededGenerator(seed: seed)
    let count = Self.counts[draws.below(Self.counts.count)]
    let patch = max(1, (side + count - 1) / count)
    var painted = picture
    for top in stride(from: 0, to: side, by: patch) {
      for left in stride(from: 0, to: side, by: patch) {
        let look = Look(patch: patch, side: side, &draws)
        for y in top..<min(top + patch, side) {
          for x in left..<min(left + patch, side) {
            let from = look.place(x - left, y - top, side: side)
            let to = (y * side + x) * 3
            for channel in 0..<3 {
              painted[to + channel] = look.mixed(
                picture[to + channel], texture[from + channel], channel)
            }
          }
        }
      }
    }
    return painted
  }

  /// How one patch is cut out, turned and coloured.
  private struct Look {
    let patch: Int
    let corner: (x: Int, y: Int)
    /// Swapping the axes and reading either backwards are all turns by a right angle, and mirrors.
    let swaps: Bool
    let mirrors: (x: Bool, y: Bool)
    let gains: [Float]
    let shifts: [Float]
    let opacity: Float

    init(patch: Int, side: Int, _ draws: inout SeededGenerator) {
      self.patch = patch
      let room = side - patch + 1
      corner = (draws.below(room), draws.below(room))
      swaps = draws.below(2) == 1
      mirrors = (draws.below(2) == 1, draws.below(2) == 1)
      func drawn(_ range: ClosedRange<Double>, _ draws: inout SeededGenerator) -> Float {
        Float(draws.uniform(in: range))
      }
      gains = (0..<3).map { _ in drawn(0.6...1.4, &draws) }
      shifts = (0..<3).map { _ in drawn(-48...48, &draws) }
      opacity = drawn(0.6...1, &draws)
    }

    /// The texture's byte that (`x`, `y`) of the patch begins with.
    func place(_ x: Int, _ y: Int, side: Int) -> Int {
      let (u, v) = swaps ? (y, x) : (x, y)
      let column = corner.x + (mirrors.x ? patch - 1 - u : u)
      let row = corner.y + (mirrors.y ? patch - 1 - v : v)
      return (row * side + column) * 3
    }

    func mixed(_ below: UInt8, _ above: UInt8, _ channel: Int) -> UInt8 {
      let coloured = min(max(Float(above) * gains[channel] + shifts[channel], 0), 255)
      return UInt8((Float(below) + opacity * (coloured - Float(below))).rounded())
    }
  }
}
