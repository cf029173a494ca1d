import Networks
import ONNX
import Testing

@Suite struct ActivationStatisticsTests {
  /// What is learnt of the input of a convolution with so many groups.
  private func statistics(
    groups: Int, _ pictures: [[Float]], height: Int = 5
  ) throws -> ActivationStatistics {
    let quantizer = try Quantizer(QuantizerTests.convolution(groups: groups).model())
    var statistics = try #require(quantizer.statistics()["x0"])
    for picture in pictures {
      try picture.withUnsafeBufferPointer {
        try statistics.add($0, shape: [1, 4, height, picture.count / 4 / height])
      }
    }
    return statistics
  }

  @Test func aDepthwiseConvolutionsChannelsHaveTheirOwnScales() throws {
    let signs: [Float] = [1, -0.5]
    let first = (0..<120).map { Float($0 / 30 + 1) * signs[$0 % 2] }
    let second = first.map { -2 * $0 }
    let found = try statistics(groups: 4, [first, second]).quantization
    #expect(found == .channels((1...4).map { AffineQuantization(symmetric: Float($0) * 2) }))
    // Nothing below 0: all 256 integers lie above.
    let positive = try statistics(groups: 4, [first.map { abs($0) }]).quantization
    #expect(positive == .channels((1...4).map { AffineQuantization(covering: 0...Float($0)) }))
  }

  @Test func otherConvolutionsHaveOneScale() throws {
    let values = QuantizerTests.numbers(120)
    guard case .tensor(let found)? = try statistics(groups: 2, [values]).quantization else {
      Issue.record("not one scale")
      return
    }
    #expect(values.allSatisfy { abs(found.rounded($0) - $0) < 0.02 })
  }

  @Test func onePlaceOrNothingSeenIsNotQuantized() throws {
    #expect(try statistics(groups: 1, [[1, 2, 3, 4]], height: 1).quantization == nil)
    #expect(try statistics(groups: 4, [[1, 2, 3, 4]], height: 1).quantization == nil)
    #expect(try statistics(groups: 1, []).quantization == nil)
    #expect(try statistics(groups: 4, []).quantization == nil)
  }

  @Test(arguments: [1, 4])
  func whatIsNoNumberIsRefused(groups: Int) {
    var values = QuantizerTests.numbers(120)
    values[70] = .nan
    #expect(throws: GraphError.self) { try statistics(groups: groups, [values]) }
  }
}
