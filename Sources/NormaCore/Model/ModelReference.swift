import Foundation
import Networks
import NormaFiles

/// What a model gives for one picture that every machine can make, in 32-bit floats, in the engine that
/// trained it. A machine that compiles the model for the first time runs it on this picture: another
/// processor, another version of an engine or another arithmetic may compute something else, and nothing else
/// would tell.
///
/// The picture is drawn from a seed and holds nothing of anybody's: a picture that a model was trained on may
/// be confidential, a model is given away. It is anomalous to every model, so its score and map are far from 0.
public struct ModelReference: Codable, Sendable, Equatable {
  /// SHA-256 of the picture's bytes.
  public var picture: String
  /// Side of the picture, in pixels.
  public var imageSize: Int
  /// Whether the graph computes in 8-bit integers, whose sums differ more from processor to processor.
  public var isQuantized: Bool
  /// The image score.
  public var score: Float
  /// The largest value of the anomaly map.
  public var peak: Float
  /// The map's means over an even grid of ``cells`` × ``cells``, row by row.
  public var map: [Float]
  /// The mean aligned trunk feature, `[channels]`.
  public var feature: [Float]

  /// The coarse map's rows, and its columns.
  public static let cells = 8

  /// - Parameters:
  ///   - picture: ``picture(side:)``.
  ///   - map: the anomaly map of it, `imageSize` × `imageSize`, row by row.
  ///   - feature: `[channels]`.
  public init(
    of picture: [UInt8], imageSize: Int, score: Float, map: [Float], feature: [Float],
    isQuantized: Bool = false
  ) {
    self.picture = Digest.sha256(Data(picture))
    (self.imageSize, self.isQuantized) = (imageSize, isQuantized)
    (self.score, self.feature) = (score, feature)
    peak = map.max() ?? 0
    self.map = Self.coarse(map, side: imageSize)
  }

  /// Whether it is of `picture`: a later version may draw another one.
  public func isOf(_ picture: [UInt8]) -> Bool { Digest.sha256(Data(picture)) == self.picture }

  /// Whether all of it are numbers: a network that diverged gives others.
  public var isFinite: Bool {
    score.isFinite && peak.isFinite && map.allSatisfy(\.isFinite) && feature.allSatisfy(\.isFinite)
  }

  private static func coarse(_ map: [Float], side: Int) -> [Float] {
    Grid(height: side, width: side).cells(cells).map { rows, columns in
      let sum = rows.reduce(0.0) { sum, row in
        columns.reduce(sum) { $0 + Double(map[row * side + $1]) }
      }
      return Float(sum / Double(rows.count * columns.count))
    }
  }

  /// The bytes of `reference.json`: the same reference gives the same bytes.
  public func json() throws -> Data {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
    return try encoder.encode(self)
  }
}

extension ModelReference {
  /// How far another machine's results are off, as shares of the largest value of each.
  public struct Deviation: Codable, Sendable, Equatable {
    public var score: Double
    /// Of the coarse map's cells, and of the peak.
    public var map: Double
    public var feature: Double

    public init(score: Double, map: Double, feature: Double) {
      (self.score, self.map, self.feature) = (score, map, feature)
    }

    /// Whether each is at most what is tolerated; what is not a number is not.
    public func isWithin(_ tolerance: Deviation) -> Bool {
      score <= tolerance.score && map <= tolerance.map && feature <= tolerance.feature
    }

    /// For people.
    public var text: String {
      let units = Figures.terminal
      return "score \(units.percent(score)), map \(units.percent(map)), "
        + "features \(units.percent(feature))"
    }
  }

  /// What is tolerated. Float32 is 1e-6 off between engines, some 1e-3 where a graphics card multiplied in
  /// TF32. Rounding every weight and every value of seven models (all six methods) to bf16 moved the score by
  /// at most 1.7 %, the coarse map by 2.2 %, features by 0.8 %. Whatever is wrong, not rounded otherwise, is
  /// far outside of all of these.
  /// - Parameter bf16: whether what is compared was computed in 16-bit brain floats.
  public func tolerance(bf16: Bool) -> Deviation {
    if isQuantized { return Deviation(score: 0.1, map: 0.2, feature: 0.1) }
    return bf16
      ? Deviation(score: 0.05, map: 0.1, feature: 0.05)
      : Deviation(score: 0.01, map: 0.01, feature: 0.01)
  }

  /// How far `other`, of the same picture, is from this.
  public func deviation(of other: ModelReference) -> Deviation {
    func off(_ found: [Float], _ expected: [Float]) -> Double {
      guard found.count == expected.count else { return .infinity }
      let largest = expected.reduce(0) { max($0, abs(Double($1))) }
      var difference = 0.0
      for (found, expected) in zip(found, expected) {
        let away = abs(Double(found) - Double(expected))
        // A NaN must not be skipped, as max would.
        guard away.isFinite else { return .infinity }
        difference = max(difference, away)
      }
      return difference / max(largest, Double(Float.leastNormalMagnitude))
    }
    return Deviation(
      score: off([other.score], [score]), map: off(other.map + [other.peak], map + [peak]),
      feature: off(other.feature, feature))
  }
}

extension ModelReference {
  /// The picture: RGB, `[side, side, 3]`, the same bytes on every machine, for it is made of integers alone.
  /// Noise in cells of all sizes, stripes in its lower right quarter: something for filters of every scale,
  /// so that no feature is constant.
  public static func picture(side: Int) -> [UInt8] {
    var sizes: [Int] = []
    var cell = side / 2
    while cell >= 2 {
      sizes.append(cell)
      cell /= 2
    }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(side * side * 3)
    let stripe = max(2, side / 16)
    for y in 0..<side {
      for x in 0..<side {
        let isStriped = 2 * x >= side && 2 * y >= side
        let contrast = !isStriped ? 0 : (x + 2 * y) / stripe % 2 == 0 ? 60 : -60
        for channel in 0..<3 {
          let noise = sizes.reduce(0) { $0 + smooth(x, y, cell: $1, channel: channel) - 128 }
          // Many sizes average out: thrice what is left is about as far as bytes reach.
          let value = 128 + 3 * noise / max(1, sizes.count) + contrast
          bytes.append(UInt8(min(255, max(0, value))))
        }
      }
    }
    return bytes
  }

  /// Noise on a lattice of `cell` pixels, linear between its points; 0…255.
  private static func smooth(_ x: Int, _ y: Int, cell: Int, channel: Int) -> Int {
    let (column, row, right, down) = (x / cell, y / cell, x % cell, y % cell)
    func value(_ column: Int, _ row: Int) -> Int {
      // The finalizer of SplitMix64 (Steele, Lea and Flood, OOPSLA 2014).
      var z = UInt64(((cell * 4 + channel) << 32) | (row << 16) | column)
      z = (z &+ 0x9E37_79B9_7F4A_7C15) &* 0xBF58_476D_1CE4_E5B9
      z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
      z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
      return Int((z ^ (z >> 31)) & 0xFF)
    }
    let upper = value(column, row) * (cell - right) + value(column + 1, row) * right
    let lower = value(column, row + 1) * (cell - right) + value(column + 1, row + 1) * right
    return (upper * (cell - down) + lower * down) / (cell * cell)
  }
}

extension ModelFolder {
  /// What the model gives for the reference picture; nil of models that keep none.
  /// - Throws: `FileProblem` that names the file when it is damaged.
  public func reference() throws -> ModelReference? {
    guard contains(ModelFile.reference) else { return nil }
    let side = manifest.imageSize
    guard
      let reference = try? JSONDecoder().decode(
        ModelReference.self, from: data(ModelFile.reference)),
      reference.imageSize == side, reference.isFinite, !reference.feature.isEmpty,
      reference.map.count == ModelReference.cells * ModelReference.cells
    else {
      throw FileProblem(
        path: "\(path)/\(ModelFile.reference)",
        reason: "this is not what a model gives for the reference picture of \(side)×\(side) pixels"
      )
    }
    return reference
  }
}
