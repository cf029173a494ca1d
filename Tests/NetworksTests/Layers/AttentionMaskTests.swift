import Networks
import Testing
import Torch

struct AttentionMaskTests {
  /// The definition, pair by pair.
  private func isNeighbour(_ a: (Int, Int), _ b: (Int, Int), window: Int) -> Bool {
    abs(a.0 - b.0) <= window / 2 && abs(a.1 - b.1) <= window / 2
  }

  @Test(arguments: [(3, 3, 1), (4, 6, 3), (7, 5, 7), (5, 9, 5), (14, 14, 7)])
  func followsTheDefinition(height: Int, width: Int, window: Int) throws {
    let pattern = try MaskPattern(height: height, width: width, window: window)
    let count = height * width
    let mask = try AttentionMask(pattern, like: Tensor([0], shape: [1]))
    #expect(mask.bias.shape == [1, 1, count, count])
    let bias = try mask.bias.floats()
    for query in 0..<count {
      let near = (0..<count).map {
        isNeighbour((query / width, query % width), ($0 / width, $0 % width), window: window)
      }
      // Where everything is near, a blind query looks at everything and is cleared after.
      let isBlind = !near.contains(false)
      for key in 0..<count {
        let expected = near[key] && !isBlind ? MaskPattern.hidden : 0
        #expect(bias[query * count + key] == expected, "\(query) → \(key)")
      }
    }
  }

  @Test(arguments: [(3, 3), (4, 6), (7, 5), (14, 14)])
  func refusesAWindowThatHidesEverythingAndNamesTheLargest(height: Int, width: Int) throws {
    let largest = MaskPattern.largestWindow(height: height, width: width)
    _ = try MaskPattern(height: height, width: width, window: largest)
    let error = #expect(throws: NetworkError.self) {
      try MaskPattern(height: height, width: width, window: largest + 2)
    }
    #expect(error?.description.contains("is \(largest)") == true)
  }

  @Test func aQueryThatSeesNothingGetsZeroFromThatAttention() throws {
    // On a 3×3 grid with a 3×3 window the centre's neighbours are everything.
    let pattern = try MaskPattern(height: 3, width: 3, window: 3)
    let generator = try Generator(seed: 5)
    let store = ParameterStore()
    let attention = try MultiHeadAttention(
      store.initialized(by: generator), width: 8, heads: 2)
    let tokens = try generator.normal([2, 9, 8])
    let mask = try AttentionMask(pattern, like: tokens)
    let attended = try attention(queries: tokens, keys: tokens, values: tokens, mask: mask)
    // Biases begin at zero, so the output of zero is zero.
    let centre = try attended.sliced(axis: 1, 4..<5).floats()
    #expect(centre.allSatisfy { $0 == 0 })
    let corner = try attended.sliced(axis: 1, 0..<1).floats()
    #expect(corner.allSatisfy { $0.isFinite } && corner.contains { $0 != 0 })
  }

  @Test func hiddenTokensHaveNoInfluence() throws {
    let pattern = try MaskPattern(height: 4, width: 4, window: 3)
    let generator = try Generator(seed: 9)
    let attention = try MultiHeadAttention(
      ParameterStore().initialized(by: generator), width: 8, heads: 2)
    let queries = try generator.normal([1, 16, 8])
    let tokens = try generator.normal([1, 16, 8])
    let mask = try AttentionMask(pattern, like: tokens)
    let before = try attention(queries: queries, keys: tokens, values: tokens, mask: mask)
    // Token 5 is a neighbour of token 0 and not of token 15.
    var changed = try tokens.floats()
    for channel in 0..<8 { changed[5 * 8 + channel] += 3 }
    let other = try Tensor(changed, shape: [1, 16, 8])
    let after = try attention(queries: queries, keys: other, values: other, mask: mask)
    let first = try (before.sliced(axis: 1, 0..<1).floats(), after.sliced(axis: 1, 0..<1).floats())
    #expect(first.0 == first.1)
    let last = try (
      before.sliced(axis: 1, 15..<16).floats(), after.sliced(axis: 1, 15..<16).floats()
    )
    #expect(last.0 != last.1)
  }
}
