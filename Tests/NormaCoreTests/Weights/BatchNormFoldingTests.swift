import NormaCore
import NormaFiles
import Testing

@Suite struct BatchNormFoldingTests {
  @Test func computesWhatConvolutionAndBatchNormComputed() throws {
    let norm = BatchNormFolding.Statistics(
      scale: [2, -0.5], shift: [0.25, 1], mean: [3, -1], variance: [0.25, 4])
    let weight = WeightTensor(shape: [2, 2, 1, 1], values: [1, 2, 3, 4])
    let bias = WeightTensor(shape: [2], values: [0.5, -0.5])
    let input: [Double] = [0.7, -1.3]
    for ownBias in [nil, bias] {
      let folded = BatchNormFolding.fold(weight: weight, bias: ownBias, norm, epsilon: 1e-3)
      #expect(folded.weight.shape == [2, 2, 1, 1])
      #expect(folded.bias.shape == [2])
      for channel in 0..<2 {
        func convolved(_ weight: WeightTensor, _ bias: Float) -> Double {
          Double(weight.values[channel * 2]) * input[0]
            + Double(weight.values[channel * 2 + 1]) * input[1] + Double(bias)
        }
        let before = convolved(weight, ownBias?.values[channel] ?? 0)
        let deviation = (Double(norm.variance[channel]) + 1e-3).squareRoot()
        let expected =
          (before - Double(norm.mean[channel])) / deviation * Double(norm.scale[channel])
          + Double(norm.shift[channel])
        #expect(abs(convolved(folded.weight, folded.bias.values[channel]) - expected) < 1e-5)
      }
    }
  }
}
