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

@Suite struct ValueHistogramTests {
  private func histogram(_ parts: [Float]...) throws -> ValueHistogram {
    var histogram = ValueHistogram()
    for part in parts { try part.withUnsafeBufferPointer { try histogram.add($0) } }
    return histogram
  }

  private func squaredError(_ values: [Float], _ quantization: AffineQuantization) -> Double {
    values.reduce(0) {
      let difference = Double($1 - quantization.rounded($1))
      return $0 + difference * difference
    }
  }

  @Test func extremesAreThoseOfAllValues() throws {
    let found = try histogram([1, 2, 3], [], [-0.25, 40], [0.001])
    #expect(found.extremes == -0.25...40)
    #expect(found.count == 6)
    #expect(found.quantization(.extremes) == AffineQuantization(covering: -0.25...40))
  }

  @Test func nothingSeenIsNoError() throws {
    #expect(try histogram([]).quantization(.leastSquares).rounded(0) == 0)
    #expect(try histogram([0, 0]).quantization(.leastSquares).rounded(0) == 0)
  }

  /// A thousand ordinary values and one far out: cutting it off leaves a smaller error in all.
  @Test func leastSquaresCutsOffWhatIsRare() throws {
    let ordinary = (0..<20_000).map { Float($0 % 997) / 997 }
    let found = try histogram(ordinary, [6])
    let all = found.quantization(.extremes)
    let cut = found.quantization(.leastSquares)
    #expect(cut.scale < all.scale)
    let values = ordinary + [6]
    #expect(squaredError(values, cut) < squaredError(values, all))
  }

  /// Where nothing is rare, nothing is cut off.
  @Test func leastSquaresKeepsWhatIsCommon() throws {
    let values = (0..<5000).map { Float($0 % 2 == 0 ? -3 : 5) + Float($0) * 1e-5 }
    let cut = try histogram(values).quantization(.leastSquares)
    #expect(abs(cut.rounded(5.04) - 5.04) < 0.05 && abs(cut.rounded(-3) + 3) < 0.05)
  }

  /// The range that is known grows while values come in; those seen before keep their place.
  @Test func theOrderOfTheValuesHardlyMatters() throws {
    let small = (0..<4000).map { Float($0 % 211) / 211 - 0.3 }
    let large = (0..<400).map { Float($0 % 37) / 3 }
    let one = try histogram(small, large).quantization(.leastSquares)
    let other = try histogram(large, small).quantization(.leastSquares)
    #expect(abs(one.scale - other.scale) <= 0.05 * other.scale)
    let values = small + large
    #expect(squaredError(values, one) <= 1.02 * squaredError(values, other))
  }

  @Test(arguments: [Float.nan, .infinity, -.infinity])
  func whatIsNoNumberIsRefused(value: Float) throws {
    let error = #expect(throws: GraphError.self) { try histogram([1, value, 2]) }
    #expect(error?.description.contains("finite") == true)
  }
}
