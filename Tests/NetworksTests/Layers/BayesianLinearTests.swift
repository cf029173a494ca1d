import Foundation
import Networks
import Testing
import Torch

struct BayesianLinearTests {
  private struct Layer {
    let store = ParameterStore()
    let layer: BayesianLinear<Tensor>
    let sizes: (inputs: Int, outputs: Int)

    init(_ inputs: Int, _ outputs: Int, deviation: Float? = 0.1) throws {
      let parameters = store.initialized(by: try Generator(seed: 1))
      layer = try BayesianLinear(parameters, from: inputs, to: outputs, deviation: deviation)
      sizes = (inputs, outputs)
    }

    func values(_ name: String) throws -> [Double] {
      try #require(store[name]).floats().map(Double.init)
    }

    /// σ = log(1 + exp ρ), in double precision.
    func deviations(_ name: String) throws -> [Double] {
      try values(name).map { log1p(exp($0)) }
    }
  }

  @Test func theDeviationBeginsAsAsked() throws {
    for deviation in [1e-3, 0.02, 0.7, 40] as [Float] {
      let layer = try Layer(3, 2, deviation: deviation)
      for found in try layer.deviations("weight_rho") + layer.deviations("bias_rho") {
        #expect(abs(found / Double(deviation) - 1) < 1e-4)
      }
    }
  }

  @Test func theDivergenceIsTheClosedForm() throws {
    let layer = try Layer(7, 5)
    // Spreads of many sizes, wider and narrower than the prior's.
    for name in ["weight_rho", "bias_rho"] {
      let rho = try #require(layer.store[name])
      try rho.assign(Generator(seed: 3).uniform([rho.count]).floats().map { 8 * $0 - 7 })
    }
    let prior = 0.3
    let found = try #require(try layer.layer.divergence(fromPrior: Float(prior)))
    let means = try layer.values("weight") + layer.values("bias")
    let deviations = try layer.deviations("weight_rho") + layer.deviations("bias_rho")
    let expected = zip(means, deviations).reduce(0.0) { sum, w in
      let (mean, sigma) = w
      return sum + log(prior / sigma) + (sigma * sigma + mean * mean) / (2 * prior * prior) - 0.5
    }
    #expect(found.shape == [])
    #expect(abs(Double(try found.item()) / expected - 1) < 1e-5)
  }

  /// The definition, E_q[log q − log prior], by one integral for each weight.
  @Test func theDivergenceIsTheIntegralThatDefinesIt() throws {
    let layer = try Layer(2, 1, deviation: 0.2)
    let prior = 0.5
    func density(_ x: Double, _ mean: Double, _ sigma: Double) -> Double {
      exp(-0.5 * (x - mean) * (x - mean) / (sigma * sigma)) / (sigma * (2 * .pi).squareRoot())
    }
    let expected = try (layer.values("weight") + layer.values("bias")).reduce(0.0) { sum, mean in
      let step = 1e-3
      return sum
        + stride(from: mean - 2, through: mean + 2, by: step).reduce(0.0) { integral, x in
          let q = density(x, mean, 0.2)
          return q > 1e-300 ? integral + step * q * log(q / density(x, 0, prior)) : integral
        }
    }
    let found = try #require(try layer.layer.divergence(fromPrior: Float(prior))).item()
    #expect(abs(Double(found) - expected) < 1e-3 * expected)
  }

  @Test func thereIsNoDivergenceAtThePriorAndNoneOfACertainMap() throws {
    let layer = try Layer(4, 3, deviation: 0.25)
    for name in ["weight", "bias"] {
      let tensor = try #require(layer.store[name])
      try tensor.assign([Float](repeating: 0, count: tensor.count))
    }
    let divergence = try #require(try layer.layer.divergence(fromPrior: 0.25)).item()
    #expect(abs(divergence) < 1e-4)
    let certain = try Layer(4, 3, deviation: nil)
    #expect(try certain.layer.divergence(fromPrior: 0.25) == nil)
    #expect(try certain.layer(Generator(seed: 1).normal([2, 4])).variance == nil)
    #expect(certain.store.names == ["weight", "bias"])
  }

  /// Mean and variance of the output against weights that are drawn one by one.
  @Test func theOutputIsThatOfDrawnWeights() throws {
    let layer = try Layer(6, 4, deviation: 0.3)
    let input = try Generator(seed: 5).normal([3, 6])
    let found = try layer.layer(input)
    let (mean, variance) = (try found.mean.floats(), try #require(found.variance).floats())
    let draws = 10_000
    let (samples, squares) = try drawn(layer, input.floats().map(Double.init), draws)
    for index in mean.indices {
      let average = samples[index] / Double(draws)
      let spread = squares[index] / Double(draws) - average * average
      let v = Double(variance[index])
      // Five standard errors of a mean, and of a variance.
      #expect(abs(average - Double(mean[index])) < 5 * (v / Double(draws)).squareRoot())
      #expect(abs(spread - v) < 5 * v * (2 / Double(draws)).squareRoot())
    }
  }

  /// Sums and sums of squares of the outputs `[3, 4]` over weights drawn from the posterior.
  private func drawn(
    _ layer: Layer, _ input: [Double], _ draws: Int
  ) throws -> (sums: [Double], squares: [Double]) {
    let weight = try zip(layer.values("weight"), layer.deviations("weight_rho")).map { ($0, $1) }
    let bias = try zip(layer.values("bias"), layer.deviations("bias_rho")).map { ($0, $1) }
    let noise = try Generator(seed: 6).normal([draws, weight.count + bias.count]).floats()
    var (sums, squares) = ([Double](repeating: 0, count: 12), [Double](repeating: 0, count: 12))
    for draw in 0..<draws {
      let start = draw * (weight.count + bias.count)
      func sample(_ parameter: (Double, Double), _ place: Int) -> Double {
        parameter.0 + parameter.1 * Double(noise[start + place])
      }
      for output in 0..<4 {
        let row = (0..<6).map { sample(weight[output * 6 + $0], output * 6 + $0) }
        let offset = sample(bias[output], weight.count + output)
        for token in 0..<3 {
          let value = (0..<6).reduce(offset) { $0 + row[$1] * input[token * 6 + $1] }
          sums[token * 4 + output] += value
          squares[token * 4 + output] += value * value
        }
      }
    }
    return (sums, squares)
  }

  /// Random inputs: the law of total variance, by many inputs.
  @Test func momentsPassThrough() throws {
    let layer = try Layer(5, 2, deviation: 0.2)
    let mean = try Generator(seed: 7).normal([1, 5])
    let variance = try Generator(seed: 8).uniform([1, 5]).affine(scale: 2, offset: 0.1)
    let found = try layer.layer(mean: mean, variance: variance)
    let draws = 40_000
    let noise = try Generator(seed: 9).normal([draws, 5])
    let each = try layer.layer(mean + variance.squareRoot() * noise)
    let centre = try each.mean.mean(axes: [0])
    let distance = try each.mean - centre
    let spread =
      try (distance * distance).mean(axes: [0])
      + #require(each.variance).mean(axes: [0])
    let worst = try zip(found.variance.floats(), spread.floats()).map { abs($0 / $1 - 1) }.max()
    #expect(try #require(worst) < 0.04)
    let shift = try zip(found.mean.floats(), centre.floats()).map { abs($0 - $1) }.max()
    #expect(try #require(shift) < 0.03)
  }
}
