import Networks
import Torch

/// Makes anomalous features of normal ones, on the token grid:
///
///     F_a = (1 − M)·F + M·[(1 − β)·F + β·T]
///
/// with M from thresholded Perlin noise, T what is pasted, β how much of it. Everything random is drawn
/// from the generator that is handed in, so the same generator gives the same anomalies.
package struct FeatureSynthesis {
  package let configuration: FeatureSynthesisConfiguration
  package let grid: Grid

  package init(_ configuration: FeatureSynthesisConfiguration, grid: Grid) {
    (self.configuration, self.grid) = (configuration, grid)
  }

  /// Anomalous features and where they are so.
  package struct Sample {
    /// F_a, `[batch, N, C]`.
    package let tokens: Tensor
    /// M, `[batch, N, 1]`: 1 where anomalous.
    package let mask: Tensor
  }

  /// - Parameter tokens: normal features, `[batch, N, C]`.
  package func callAsFunction(_ tokens: Tensor, generator: Generator) throws -> Sample {
    let (batch, count, channels) = (tokens.shape[0], tokens.shape[1], tokens.shape[2])
    var draws = UniformStream(generator)
    let neighbours = try configuration.sources.contains(.other) ? farther(tokens) : []
    var plan = Plan()
    for picture in 0..<batch {
      try draw(picture, count, neighbours, &plan, &draws)
    }
    let source = try tokens.reshaped([batch * count, channels])
      .gathered(axis: 0, plan.sources).reshaped([batch, count, channels])
    let noise =
      try generator.normal(tokens.shape)
      * Tensor(plan.noise, shape: [batch, 1, 1])
    let pasted = try source.jittered(by: noise, scale: configuration.jitter)
    let mask = try Tensor(plan.mask, shape: [batch, count, 1])
    let share = try mask * Tensor(plan.blend, shape: [batch, 1, 1])
    return try Sample(tokens: tokens + share * (pasted - tokens), mask: mask)
  }

  /// What was drawn for a batch.
  private struct Plan {
    /// For each token which token of the batch is pasted over it.
    var sources: [Int] = []
    /// 1 for samples whose pasted features get noise.
    var noise: [Float] = []
    var blend: [Float] = []
    var mask: [Float] = []
  }

  private func draw(
    _ picture: Int, _ count: Int, _ neighbours: [[Int]], _ plan: inout Plan,
    _ draws: inout UniformStream
  ) throws {
    let c = configuration
    let isTouched = try draws.unit() >= c.untouched
    let source = c.sources[try draws.index(c.sources.count)]
    plan.noise.append(source == .noise ? 1 : 0)
    plan.blend.append(Float(try draws.uniform(c.blend)))
    plan.mask += isTouched ? try mask(&draws) : [Float](repeating: 0, count: count)
    let order = try source == .noise ? Array(0..<count) : draws.permutation(count)
    var from = picture
    if source == .other, !neighbours[picture].isEmpty {
      from = neighbours[picture][try draws.index(neighbours[picture].count)]
    }
    plan.sources += order.map { from * count + $0 }
  }

  /// 1 where the noise is above the threshold; where it is nowhere, at its highest point: a sample that
  /// is to be touched is.
  func mask(_ draws: inout UniformStream) throws -> [Float] {
    let noise = try PerlinNoise(
      octaves: configuration.octaves, frequency: configuration.frequency,
      rotation: configuration.rotation, &draws
    ).values(grid)
    let limit = min(configuration.threshold, (noise.max() ?? 0).nextDown)
    return noise.map { $0 > limit ? 1 : 0 }
  }

  /// For each picture the half of the others whose mean feature is farther from its own.
  private func farther(_ tokens: Tensor) throws -> [[Int]] {
    let (batch, channels) = (tokens.shape[0], tokens.shape[2])
    let means = try tokens.mean(axes: [1]).floats()
    func distance(_ a: Int, _ b: Int) -> Float {
      (0..<channels).reduce(0) { sum, channel in
        let difference = means[a * channels + channel] - means[b * channels + channel]
        return sum + difference * difference
      }
    }
    return (0..<batch).map { picture in
      let others = (0..<batch).filter { $0 != picture }
        .map { (index: $0, distance: distance(picture, $0)) }
        .sorted { ($0.distance, $0.index) < ($1.distance, $1.index) }
      return others.suffix((others.count + 1) / 2).map(\.index)
    }
  }
}
