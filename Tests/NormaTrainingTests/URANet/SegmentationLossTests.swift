import Foundation
import NormaTraining
import Testing
import Torch

struct SegmentationLossTests {
  private let logits: [Float] = [-6, -0.5, 0, 0.7, 3, 60, -60, 1]
  private let truth: [Float] = [0, 1, 1, 0, 1, 1, 0, 0]

  private func tensors() throws -> (Tensor, Tensor) {
    (try Tensor(logits, shape: [2, 4, 1]), try Tensor(truth, shape: [2, 4, 1]))
  }

  private var probabilities: [Double] { logits.map { 1 / (1 + exp(-Double($0))) } }

  /// −log of the probability of the truth.
  private var surprise: [Double] {
    zip(logits, truth).map { log1p(exp($1 == 1 ? -Double($0) : Double($0))) }
  }

  @Test func crossEntropy() throws {
    let (z, m) = try tensors()
    let expected = surprise.reduce(0, +) / 8
    #expect(abs(Double(try SegmentationLoss.crossEntropy(z, m).item()) - expected) < 1e-6)
  }

  @Test func focal() throws {
    let (z, m) = try tensors()
    let expected =
      zip(zip(probabilities, truth), surprise).reduce(0.0) { sum, token in
        let wrong = token.0.1 == 1 ? 1 - token.0.0 : token.0.0
        return sum + wrong * wrong * token.1
      } / 8
    #expect(abs(Double(try SegmentationLoss.focal(z, m).item()) - expected) < 1e-6)
  }

  @Test func dice() throws {
    let (z, m) = try tensors()
    let common = zip(probabilities, truth).reduce(0.0) { $0 + $1.0 * Double($1.1) }
    let both = probabilities.reduce(0, +) + Double(truth.reduce(0, +))
    let expected = 1 - (2 * common + 1) / (both + 1)
    #expect(abs(Double(try SegmentationLoss.dice(z, m).item()) - expected) < 1e-6)
    // Nothing is anomalous and nothing is called so: no loss.
    let quiet = try Tensor(repeating: -60, shape: [2, 4, 1])
    let none = try Tensor(repeating: 0, shape: [2, 4, 1])
    #expect(abs(try SegmentationLoss.dice(quiet, none).item()) < 1e-6)
  }
}
