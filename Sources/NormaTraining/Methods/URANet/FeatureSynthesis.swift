import Networks
import NormaCore
import Torch

/// Makes anomalous features of normal ones, on the token grid:
///
///     F_a = (1 − M)·F + M·[(1 − β)·F + β·T]
///
/// with M from thresholded Perlin noise, T what is pasted, β how much of it. Everything random is drawn
/// from the generator that is handed in, so the same generator gives the same anomalies.
///
/// What is decided picture by picture is a ``SynthesisPlan``, thought out by the processor from one
/// seed; the device is asked for numbers once, and computes the features of all pictures at once.
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

  /// - Parameters:
  ///   - tokens: normal features, `[batch, N, C]`.
  ///   - textured: those of the pictures' textured twins, of the same shape; nil where no texture is
  ///     pasted.
  /// - Throws: when texture is to be pasted and there is none.
  package func callAsFunction(
    _ tokens: Tensor, textured: Tensor? = nil, generator: Generator
  ) throws -> Sample {
    if textured == nil, configuration.sources.contains(.texture) {
      throw TrainerError(
        "texture is to be pasted, and the features have no textured twins of their pictures")
    }
    var (draws, neighbours) = try seeded(tokens, by: generator)
    let plan = SynthesisPlan(configuration, grid: grid, neighbours: neighbours, &draws)
    return try Sample(
      tokens: pasted(plan, on: tokens, textured: textured, generator: generator),
      mask: Tensor(plan.mask, shape: [tokens.shape[0], tokens.shape[1], 1]))
  }

  /// Only the tokens that are pasted over are computed; all are then put together by one gather.
  private func pasted(
    _ plan: SynthesisPlan, on tokens: Tensor, textured: Tensor?, generator: Generator
  ) throws -> Tensor {
    let channels = tokens.shape[2]
    let rows = try tokens.reshaped([-1, channels])
    var (below, above): ([Tensor], [Tensor]) = ([], [])
    var places = Array(0..<rows.shape[0])
    var blend: [Float] = []
    func add(_ patch: SynthesisPlan.Patch, _ paste: (_ own: Tensor) throws -> Tensor) throws {
      guard !patch.places.isEmpty else { return }
      for place in patch.places.indices {
        places[patch.places[place]] = rows.shape[0] + blend.count + place
      }
      blend += patch.blend
      let own = try rows.gathered(axis: 0, patch.places)
      below.append(own)
      above.append(try paste(own))
    }
    try add(plan.features) { _ in try rows.gathered(axis: 0, plan.features.sources) }
    if let textured {
      let twins = try textured.reshaped([-1, channels])
      try add(plan.texture) { _ in try twins.gathered(axis: 0, plan.texture.sources) }
    }
    try add(plan.noise) { own in
      let tokens = try own.reshaped([1, -1, channels])
      return try tokens.jittered(
        by: generator.normal(tokens.shape), scale: configuration.jitter
      ).reshaped([-1, channels])
    }
    guard !blend.isEmpty else { return tokens }
    let (own, other) = try (
      Tensor.concatenated(below, axis: 0), Tensor.concatenated(above, axis: 0)
    )
    let mixed = try own + Tensor(blend, shape: [blend.count, 1]) * (other - own)
    return try Tensor.concatenated([rows, mixed], axis: 0).gathered(axis: 0, places)
      .reshaped(tokens.shape)
  }

  /// A stream of numbers of the processor's own, and for each picture the half of the others whose mean
  /// feature is farther from its own. The device is waited for once.
  private func seeded(
    _ tokens: Tensor, by generator: Generator
  ) throws -> (draws: SeededGenerator, neighbours: [[Int]]) {
    let (batch, channels) = (tokens.shape[0], tokens.shape[2])
    let means = try tokens.mean(axes: [1]).reshaped([batch * channels])
    let read = try Tensor.concatenated([means, generator.uniform([3])], axis: 0).floats()
    let seed = read.suffix(3).reduce(0 as UInt64) { $0 << 21 ^ UInt64($1 * 0x1p24) }
    return (SeededGenerator(seed: seed), Self.farther(Array(read.dropLast(3)), batch: batch))
  }

  /// - Parameter means: `[batch, C]`.
  private static func farther(_ means: [Float], batch: Int) -> [[Int]] {
    let channels = means.count / max(1, batch)
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
