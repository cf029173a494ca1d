import Foundation
import Networks
import Testing
import Torch

struct PerceptionHeadTests {
  private static let channels = 12
  private static let width = 16

  private struct Head {
    let store = ParameterStore()
    let head: PerceptionHead<Tensor>
    let tokens: Tensor

    /// - Parameter contrast: the last layer's weights are made larger by this: a head that has learned
    ///   to tell tokens apart.
    init(deviation: Double? = 0.05, contrast: Float = 3, samples: Int = 0) throws {
      var c = URANetSettings.Perception()
      c.width = PerceptionHeadTests.width
      c.head = deviation == nil ? .deterministic : .bayesian
      c.deviation = deviation ?? c.deviation
      c.surroundings = false
      c.samples = samples
      let shape = MapShape(
        channels: PerceptionHeadTests.channels, grid: Grid(height: 2, width: 4))
      head = try PerceptionHead(c, shape: shape, store.initialized(by: Generator(seed: 2)))
      let last = try #require(store["logit.weight"])
      try last.assign(last.floats().map { $0 * contrast })
      tokens = try Generator(seed: 3).normal([1, 8, PerceptionHeadTests.channels])
    }

    func distributions(_ name: String) throws -> [(mean: Double, deviation: Double)] {
      let rho = try #require(store[name + "_rho"]).floats()
      return try zip(#require(store[name]).floats(), rho).map {
        (Double($0), log1p(exp(Double($1))))
      }
    }

    /// Mean and deviation of each token's probability over weights drawn one network at a time, in
    /// double precision: no local reparameterisation, no closed form.
    func plainSamples(_ draws: Int) throws -> [(mean: Double, deviation: Double)] {
      let (channels, width) = (PerceptionHeadTests.channels, PerceptionHeadTests.width)
      let weights =
        try distributions("hidden.weight") + distributions("hidden.bias")
        + distributions("logit.weight") + distributions("logit.bias")
      let input = try tokens.floats().map(Double.init)
      let noise = try Generator(seed: 4).normal([draws, weights.count]).floats()
      var sums = [(Double, Double)](repeating: (0, 0), count: 8)
      for draw in 0..<draws {
        let w = weights.indices.map {
          weights[$0].mean + weights[$0].deviation * Double(noise[draw * weights.count + $0])
        }
        let (bias, last) = (width * channels, width * channels + width)
        for token in 0..<8 {
          var z = w[last + width]
          for unit in 0..<width {
            var a = w[bias + unit]
            for c in 0..<channels { a += w[unit * channels + c] * input[token * channels + c] }
            z += w[last + unit] * max(0, a)
          }
          let p = 1 / (1 + exp(-z))
          sums[token] = (sums[token].0 + p, sums[token].1 + p * p)
        }
      }
      return sums.map {
        let mean = $0.0 / Double(draws)
        return (mean, max(0, $0.1 / Double(draws) - mean * mean).squareRoot())
      }
    }
  }

  private func pairs(_ perceived: Perception<Tensor>) throws -> [(mean: Double, deviation: Double)]
  {
    try zip(perceived.probability.floats(), perceived.deviation.floats()).map {
      (Double($0), Double($1))
    }
  }

  @Test(arguments: [0.05, 0.2])
  func theSampledHeadIsTheOneWithDrawnWeights(deviation: Double) throws {
    let head = try Head(deviation: deviation)
    let expected = try head.plainSamples(10_000)
    let draws = 2500
    let found = try pairs(
      head.head.sampled(head.tokens, noise: Generator(seed: 5).trainingNoise, count: draws))
    #expect(expected.contains { $0.deviation > 0.02 }, "the head is not sure of everything")
    for (a, b) in zip(found, expected) {
      let error = b.deviation / Double(draws).squareRoot()
      #expect(abs(a.mean - b.mean) < 6 * error)
      #expect(abs(a.deviation - b.deviation) < 6 * error)
    }
  }

  /// The bounds that the documentation states: probability within 0.03 and deviation within 0.07 of
  /// 10,000 draws, for weights as uncertain as 0.2 and answers from sure to open.
  @Test(arguments: [0.02, 0.05, 0.1, 0.2], [1, 4] as [Float])
  func onePassIsCloseToTenThousandSamples(deviation: Double, contrast: Float) throws {
    let head = try Head(deviation: deviation, contrast: contrast)
    let expected = try head.plainSamples(10_000)
    for (a, b) in zip(try pairs(head.head.onePass(head.tokens)), expected) {
      #expect(abs(a.mean - b.mean) < 0.03, "\(a) \(b)")
      #expect(abs(a.deviation - b.deviation) < 0.07, "\(a) \(b)")
    }
  }

  @Test func fixedDrawsApproachTheReferenceAndAreTheSameEveryTime() throws {
    let head = try Head(deviation: 0.1, samples: 400)
    let found = try pairs(head.head(head.tokens))
    let again = try pairs(head.head(head.tokens))
    let expected = try head.plainSamples(10_000)
    for index in found.indices {
      #expect(found[index] == again[index])
      #expect(abs(found[index].mean - expected[index].mean) < 0.03)
      #expect(abs(found[index].deviation - expected[index].deviation) < 0.03)
    }
  }

  @Test func theVariancesAddUp() throws {
    let head = try Head(deviation: 0.2)
    let perceived = try head.head.onePass(head.tokens)
    let p = try perceived.probability.floats()
    let (total, own, weights) = (
      try perceived.total().floats(), try perceived.aleatoric().floats(),
      try perceived.epistemic().floats()
    )
    for index in p.indices {
      #expect(abs(total[index] - p[index] * (1 - p[index])) < 1e-6)
      #expect(abs(own[index] + weights[index] - total[index]) < 1e-6)
      #expect(own[index] >= 0 && weights[index] > 0)
    }
  }

  @Test func widerWeightsAreLessSureAndCertainOnesHaveNoDoubt() throws {
    let narrow = try Head(deviation: 0.02).head.onePass(Head().tokens).deviation.floats()
    let wide = try Head(deviation: 0.1).head.onePass(Head().tokens).deviation.floats()
    #expect(zip(narrow, wide).allSatisfy { $0 < $1 })
    let certain = try Head(deviation: nil)
    let perceived = try certain.head.onePass(certain.tokens)
    #expect(try perceived.deviation.floats().allSatisfy { $0 == 0 })
    let logit = try certain.head.sampledLogit(
      certain.tokens, noise: Generator(seed: 1).trainingNoise)
    #expect(try logit.sigmoid().floats() == perceived.probability.floats())
    #expect(try certain.head.divergence(fromPrior: 0.1) == nil)
  }
}

/// What the perception sees of a token's picture.
struct SurroundingsTests {
  @Test(arguments: [(1, 1), (1, 5), (2, 2), (3, 4), (5, 3)])
  func eachTokenIsSetAgainstItsNeighboursAndItsPicture(height: Int, width: Int) throws {
    let (grid, channels, batch) = (Grid(height: height, width: width), 3, 2)
    let tokens = try Generator(seed: 5).normal([batch, grid.count, channels])
    let found = try Surroundings(grid: grid)(tokens)
    #expect(found.shape == [batch, grid.count, 3 * channels])
    let (values, views) = (try tokens.floats(), try found.floats())
    func value(_ picture: Int, _ token: Int, _ channel: Int) -> Double {
      Double(values[(picture * grid.count + token) * channels + channel])
    }
    for picture in 0..<batch {
      for token in 0..<grid.count {
        let near = (0..<grid.count).filter {
          abs($0 / width - token / width) <= 1 && abs($0 % width - token % width) <= 1
        }
        for channel in 0..<channels {
          func mean(_ of: [Int]) -> Double {
            of.reduce(0) { $0 + value(picture, $1, channel) } / Double(of.count)
          }
          let own = value(picture, token, channel)
          let expected = [own, own - mean(near), own - mean(Array(0..<grid.count))]
          for (view, expected) in expected.enumerated() {
            let place = (picture * grid.count + token) * 3 * channels + view * channels + channel
            #expect(abs(Double(views[place]) - expected) < 1e-5)
          }
        }
      }
    }
  }

  /// The same tokens in another order are the same to a head that sees each alone, and not to one that
  /// sees where they are.
  @Test(arguments: [false, true])
  func theHeadKnowsWhereATokenIs(surroundings: Bool) throws {
    var c = URANetSettings.Perception()
    (c.width, c.surroundings) = (8, surroundings)
    let head = try PerceptionHead(
      c, shape: MapShape(channels: 6, grid: Grid(height: 3, width: 4)),
      ParameterStore().initialized(by: Generator(seed: 1)))
    let tokens = try Generator(seed: 2).normal([1, 12, 6])
    let order = [7, 0, 11, 4, 2, 9, 1, 10, 3, 8, 5, 6]
    let said = try head(tokens).probability.floats()
    let other = try head(tokens.gathered(axis: 1, order)).probability.floats()
    let difference = zip(order, other).map { abs(said[$0] - $1) }.max() ?? 0
    #expect(surroundings ? difference > 1e-3 : difference < 1e-6)
  }
}
