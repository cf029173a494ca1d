import ONNX
import Testing

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
