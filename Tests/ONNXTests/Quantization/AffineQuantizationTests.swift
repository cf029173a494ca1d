import ONNX
import Testing

@Suite struct AffineQuantizationTests {
  @Test(arguments: [-1.5...2.25, -0.278...41, 0...6, 3...9, -7 ... -2] as [ClosedRange<Float>])
  func whatIsCoveredIsOffByHalfAStepAtMost(range: ClosedRange<Float>) {
    let quantization = AffineQuantization(covering: range)
    let (low, high) = (min(range.lowerBound, 0), max(range.upperBound, 0))
    #expect(quantization.integers == .uint8)
    #expect(abs(quantization.scale - (high - low) / 255) <= quantization.scale * 1e-6)
    // Zero points are integers, so the ends move by up to half a step.
    let step = quantization.scale
    for part in 0...1000 {
      let x = low + (high - low) * Float(part) / 1000
      #expect(abs(quantization.rounded(x) - x) <= step * 1.001)
      if x >= low + step, x <= high - step {
        #expect(abs(quantization.rounded(x) - x) <= step * 0.5001)
      }
    }
    #expect(quantization.rounded(0) == 0, "padding and ReLU's zeros stay what they are")
    #expect(quantization.quantized(1e30) == 255 && quantization.quantized(-1e30) == 0)
  }

  @Test func symmetricStepsLieAroundZero() {
    let quantization = AffineQuantization(symmetric: -2.54)
    #expect(quantization.integers == .int8 && quantization.zeroPoint == 0)
    #expect(abs(quantization.scale - 0.02) < 1e-8)
    #expect(quantization.quantized(2.54) == 127 && quantization.quantized(-2.54) == -127)
    #expect(quantization.quantized(5) == 127 && quantization.quantized(-5) == -128)
  }

  /// As ONNX defines QuantizeLinear.
  @Test func halvesGoToTheEvenNeighbour() {
    let quantization = AffineQuantization(covering: 0...255)
    #expect(quantization.scale == 1)
    #expect([0.5, 1.5, 2.5, 3.5].map { quantization.quantized($0) } == [0, 2, 2, 4])
  }

  @Test func whatIsAlwaysZeroStaysZero() {
    for quantization in [
      AffineQuantization(covering: 0...0), AffineQuantization(symmetric: 0),
      AffineQuantization(covering: 0...Float.leastNonzeroMagnitude),
    ] {
      #expect(quantization.scale > 0 && quantization.scale.isFinite)
      #expect(quantization.rounded(0) == 0)
    }
  }
}
