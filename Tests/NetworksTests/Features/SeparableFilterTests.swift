import Networks
import Testing
import Torch

struct SeparableFilterTests {
  private func largestDifference(_ a: Tensor, _ b: Tensor) throws -> Float {
    #expect(a.shape == b.shape)
    return try zip(a.floats(), b.floats()).map { abs($0 - $1) }.max() ?? .infinity
  }

  @Test(arguments: [(7, 112), (14, 224), (9, 5), (1, 8), (6, 6)])
  func interpolationIsLibTorchsWithAlignedCorners(from: Int, to: Int) throws {
    let map = try Generator(seed: 1).normal([2, 1, from, from])
    let filter = SeparableFilter(
      rows: .bilinear(from: from, to: to), columns: .bilinear(from: from, to: to))
    #expect(try largestDifference(filter(map), map.resized(height: to, width: to)) < 1e-5)
  }

  @Test func poolingAfterInterpolationIsOneFilter() throws {
    let map = try Generator(seed: 2).normal([1, 1, 7, 7])
    let up = SeparableFilter(
      rows: .bilinear(from: 7, to: 64), columns: .bilinear(from: 7, to: 64))
    let both = try up.followed(
      rows: .average(size: 64, window: 16), columns: .average(size: 64, window: 16))(map)
    let expected = try map.resized(height: 64, width: 64)
      .averagePooled(kernel: 16, stride: 1, padding: 0)
    #expect(try largestDifference(both, expected) < 1e-5)
  }

  /// Pillow's and PyTorch's numbers for 3 → 5 and, antialiased, 6 → 4.
  @Test func theCubicKernelIsPyTorchsAntialiased() {
    let up: [Float] = [
      1.075472, -0.075472, 0, 0.649254, 0.395522, -0.044776, 0, 1, 0, -0.044776, 0.395522,
      0.649254, 0, -0.075472, 1.075472,
    ]
    let down: [Float] = [
      0.65534, 0.393204, -0.040453, -0.008091, 0, 0, -0.038285, 0.372129, 0.620214, 0.087289,
      -0.041348, 0, 0, -0.041348, 0.087289, 0.620214, 0.372129, -0.038285, 0, 0, -0.008091,
      -0.040453, 0.393204, 0.65534,
    ]
    for (filter, expected) in [
      (LineFilter.bicubic(from: 3, to: 5), up), (LineFilter.bicubic(from: 6, to: 4), down),
    ] {
      #expect(filter.matrix.count == expected.count)
      #expect(zip(filter.matrix, expected).allSatisfy { abs($0 - $1) < 1e-5 })
    }
    let same = LineFilter.bicubic(from: 4, to: 4).matrix
    #expect(same.indices.allSatisfy { abs(same[$0] - ($0 % 5 == 0 ? 1 : 0)) < 1e-6 })
  }

  @Test func theGaussianKeepsConstantsAndMirrorsAtTheEdge() throws {
    let gaussian = LineFilter.gaussian(size: 20, sigma: 4)
    for row in 0..<20 {
      let sum = gaussian.matrix[row * 20..<(row + 1) * 20].reduce(0, +)
      #expect(abs(sum - 1) < 1e-5)
    }
    // Mirrored with the edge repeated: pixel 0 weighs pixel 0 at offsets 0 and −1.
    let narrow = LineFilter.gaussian(size: 20, sigma: 0.5)
    let centre = narrow.matrix[10 * 20 + 10]
    let neighbour = narrow.matrix[10 * 20 + 11]
    #expect(abs(narrow.matrix[0] - (centre + neighbour)) < 1e-6)
  }
}
