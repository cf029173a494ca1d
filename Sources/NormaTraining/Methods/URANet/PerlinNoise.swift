import Foundation
import Networks
import NormaCore

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
