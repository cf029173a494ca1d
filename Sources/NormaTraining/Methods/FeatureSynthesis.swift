import Foundation
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
  package let settings: URANetSettings.Synthesis
  package let grid: Grid

  package init(_ settings: URANetSettings.Synthesis, grid: Grid) {
    (self.settings, self.grid) = (settings, grid)
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
    if textured == nil, settings.sources.contains(.texture) {
      throw TrainerError(
        "texture is to be pasted, and the features have no textured twins of their pictures")
    }
    var (draws, neighbours) = try seeded(tokens, by: generator)
    let plan = SynthesisPlan(settings, grid: grid, neighbours: neighbours, &draws)
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
        by: generator.normal(tokens.shape), scale: Float(settings.jitter)
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

/// What is pasted where in the pictures of a batch. Tokens are counted through all of its pictures.
struct SynthesisPlan {
  /// Tokens of one kind that are pasted over.
  struct Patch {
    var places: [Int] = []
    /// The token that is pasted over each of `places`.
    var sources: [Int] = []
    /// β of each of `places`.
    var blend: [Float] = []
  }

  /// Features of the batch itself.
  private(set) var features = Patch()
  /// Features of the pictures' textured twins.
  private(set) var texture = Patch()
  /// The tokens themselves, with noise.
  private(set) var noise = Patch()
  /// For each token 1 where it is pasted over, else 0.
  private(set) var mask: [Float] = []

  private let settings: URANetSettings.Synthesis
  private let grid: Grid
  /// For each picture those that are unlike it.
  private let neighbours: [[Int]]

  init(
    _ settings: URANetSettings.Synthesis, grid: Grid, neighbours: [[Int]],
    _ draws: inout SeededGenerator
  ) {
    self.settings = settings
    self.grid = grid
    self.neighbours = neighbours
    for picture in neighbours.indices { draw(picture, &draws) }
  }

  private mutating func draw(_ picture: Int, _ draws: inout SeededGenerator) {
    guard draws.uniform() >= settings.untouched else {
      mask += [Float](repeating: 0, count: grid.count)
      return
    }
    let source = settings.sources[draws.below(settings.sources.count)]
    let blend = Float(draws.uniform(in: settings.share))
    let flags = flagged(&draws)
    mask += flags.map { $0 ? 1 : 0 }
    let flagged = flags.indices.filter { flags[$0] }
    let count = grid.count
    var order = Array(0..<count)
    func add(from other: Int, to patch: inout Patch) {
      patch.places += flagged.map { picture * count + $0 }
      patch.sources += flagged.map { other * count + order[$0] }
      patch.blend += flagged.map { _ in blend }
    }
    switch source {
    case .noise: add(from: picture, to: &noise)
    case .own:
      order = round(&draws)
      add(from: picture, to: &features)
    case .other:
      order = round(&draws)
      let unlike = neighbours[picture]
      let other = unlike.isEmpty ? picture : unlike[draws.below(unlike.count)]
      add(from: other, to: &features)
    case .texture:
      if draws.below(2) == 1 { draws.shuffle(&order) }
      add(from: picture, to: &texture)
    }
  }

  /// For each token another: the next on a round through all of them in random order, so that none is
  /// pasted over itself and called anomalous.
  private func round(_ draws: inout SeededGenerator) -> [Int] {
    var stations = Array(0..<grid.count)
    draws.shuffle(&stations)
    var next = stations
    for (place, token) in stations.enumerated() {
      next[token] = stations[(place + 1) % stations.count]
    }
    return next
  }

  /// Where the noise is above the threshold; where it is nowhere, at its highest point: a sample that is
  /// to be touched is.
  private func flagged(_ draws: inout SeededGenerator) -> [Bool] {
    let noise = PerlinNoise(
      octaves: settings.octaves, frequency: settings.frequency,
      rotation: settings.rotation, &draws
    ).values(grid)
    let limit = min(settings.threshold, (noise.max() ?? 0).nextDown)
    return noise.map { $0 > limit }
  }
}

/// Gradient noise of several octaves on a turned lattice (Perlin, "An image synthesizer", 1985), within
/// ±1.
struct PerlinNoise {
  private let octaves: [Octave]
  private let angle: Double

  /// Draws a noise.
  ///
  /// - Parameters:
  ///   - octaves: how many at most; each half as strong as the one before, on cells half as large.
  ///   - frequency: cells of the first octave along a side at most; 1, 2, 4, … up to this, drawn for
  ///     each side.
  ///   - rotation: the lattice is turned by up to this, in degrees, either way.
  init(octaves: Int, frequency: Int, rotation: Double, _ draws: inout SeededGenerator) {
    var frequencies = [1]
    while let last = frequencies.last, 2 * last <= frequency { frequencies.append(2 * last) }
    let base = (
      frequencies[draws.below(frequencies.count)], frequencies[draws.below(frequencies.count)]
    )
    angle = draws.uniform(in: -rotation...rotation) * .pi / 180
    let count = 1 + draws.below(octaves)
    self.octaves = (0..<count).map {
      Octave(columns: base.0 << $0, rows: base.1 << $0, &draws)
    }
  }

  /// The noise at the middle of each token, row by row.
  func values(_ grid: Grid) -> [Double] {
    let total = octaves.indices.reduce(0.0) { $0 + strength($1) }
    let (sine, cosine) = (sin(angle), cos(angle))
    return (0..<grid.count).map { token in
      let x = (Double(token % grid.width) + 0.5) / Double(grid.width) - 0.5
      let y = (Double(token / grid.width) + 0.5) / Double(grid.height) - 0.5
      let u = cosine * x - sine * y + Octave.margin
      let v = sine * x + cosine * y + Octave.margin
      let sum = octaves.indices.reduce(0.0) { $0 + strength($1) * octaves[$1].value(u, v) }
      return sum / total
    }
  }

  private func strength(_ octave: Int) -> Double { 1 / Double(1 << octave) }

  /// One lattice of random gradients.
  private struct Octave {
    /// A turned unit square reaches this far from its middle.
    static let margin = 0.5.squareRoot()
    let columns: Int
    let rows: Int
    let width: Int
    let phase: (x: Double, y: Double)
    let gradients: [(x: Double, y: Double)]

    init(columns: Int, rows: Int, _ draws: inout SeededGenerator) {
      (self.columns, self.rows) = (columns, rows)
      // The square's diagonal in cells, the phase's cell, and the far corners.
      width = Int(2 * Self.margin * Double(columns)) + 3
      let height = Int(2 * Self.margin * Double(rows)) + 3
      phase = (draws.uniform(), draws.uniform())
      gradients = (0..<width * height).map { _ in
        let angle = 2 * Double.pi * draws.uniform()
        return (cos(angle), sin(angle))
      }
    }

    func value(_ u: Double, _ v: Double) -> Double {
      let (x, y) = (u * Double(columns) + phase.x, v * Double(rows) + phase.y)
      let (column, row) = (Int(x), Int(y))
      let (dx, dy) = (x - Double(column), y - Double(row))
      func corner(_ right: Int, _ down: Int) -> Double {
        let gradient = gradients[(row + down) * width + column + right]
        return gradient.x * (dx - Double(right)) + gradient.y * (dy - Double(down))
      }
      let (a, b) = (fade(dx), fade(dy))
      let top = corner(0, 0) + a * (corner(1, 0) - corner(0, 0))
      let bottom = corner(0, 1) + a * (corner(1, 1) - corner(0, 1))
      return (top + b * (bottom - top)) * 2.0.squareRoot()
    }

    /// 6t⁵ − 15t⁴ + 10t³: flat to the second order at the cells' borders.
    private func fade(_ t: Double) -> Double { t * t * t * (t * (t * 6 - 15) + 10) }
  }
}
