import Foundation
import Networks
import Testing
import Torch

/// PatchCore's reweighted score against its definition, written out in double precision.
struct ReweightedScoreTests {
  private static let grid = Grid(height: 3, width: 4)
  private static let channels = 6

  private func scores(
    _ features: Tensor, bank: [[Double]], centre: [Double], neighbours: Int
  ) throws -> [Float] {
    var method = PatchCoreMethod(shape: MapShape(channels: Self.channels, grid: Self.grid))
    (method.settings.score, method.settings.neighbours) = (.reweighted, neighbours)
    let rows = bank.flatMap { row in zip(row, centre).map { Float($0.0 - $0.1) } }
    return try method.detect(
      [features], size: Grid(height: 12, width: 16),
      parameters: Parameters { name, _, _ in
        name == "bank"
          ? try Tensor(rows, shape: [bank.count, Self.channels])
          : try Tensor(centre.map(Float.init), shape: [Self.channels])
      }
    ).score.floats()
  }

  /// Equations 6 and 7 as printed.
  private func expected(
    _ patches: [[Double]], bank: [[Double]], neighbours: Int
  ) -> Double {
    func distance(_ a: [Double], _ b: [Double]) -> Double {
      zip(a, b).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }.squareRoot()
    }
    func nearest(_ x: [Double]) -> [Double] {
      bank.min { distance(x, $0) < distance(x, $1) } ?? []
    }
    let farthest =
      patches.max { distance($0, nearest($0)) < distance($1, nearest($1)) } ?? []
    let match = nearest(farthest)
    let hood = bank.sorted { distance(match, $0) < distance(match, $1) }.prefix(neighbours)
    let top = distance(farthest, match)
    let sum = hood.reduce(0) { $0 + exp(distance(farthest, $1)) }
    return (1 - exp(top) / sum) * top
  }

  /// The patches of each picture of `[batch, C, h, w]`.
  private func patches(_ features: Tensor) throws -> [[[Double]]] {
    let values = try features.floats().map(Double.init)
    let count = Self.grid.count
    return (0..<features.shape[0]).map { picture in
      (0..<count).map { place in
        (0..<Self.channels).map { values[(picture * Self.channels + $0) * count + place] }
      }
    }
  }

  @Test(arguments: [(40, 2), (40, 9), (40, 40), (5, 9), (9000, 3)])
  func isTheDefinitions(size: Int, neighbours: Int) throws {
    let generator = try Generator(seed: 5)
    let features = try generator.normal([4, Self.channels, 3, 4])
    let values = try generator.normal([size, Self.channels]).floats().map(Double.init)
    let bank = (0..<size).map { Array(values[$0 * Self.channels..<($0 + 1) * Self.channels]) }
    let centre = try generator.normal([Self.channels]).floats().map(Double.init)
    let found = try scores(features, bank: bank, centre: centre, neighbours: neighbours)
    for (score, patches) in zip(found, try patches(features)) {
      let wanted = expected(patches, bank: bank, neighbours: min(neighbours, size))
      #expect(abs(Double(score) - wanted) < 1e-4 * max(1, wanted), "\(score), \(wanted)")
    }
  }

  @Test func aPatchBesideARareOneScoresHigher() throws {
    // Two pictures, each a distance of 1 from the bank: one beside a patch with company, one beside a
    // patch whose neighbours are far away.
    var crowd = [[Double]](repeating: [0, 0, 0, 0, 0, 0], count: 4)
    for index in crowd.indices { crowd[index][index] = 0.1 + 0.03 * Double(index) }
    let lonely: [Double] = [0, 0, 0, 0, 0, 9]
    var values = [Float](repeating: 0, count: 2 * Self.channels * Self.grid.count)
    for picture in 0..<2 {
      for place in 0..<Self.grid.count {
        // Elsewhere the picture is on a patch of the bank.
        values[(picture * Self.channels + 0) * Self.grid.count + place] = 0.1
      }
    }
    func set(_ picture: Int, _ channel: Int, _ value: Float) {
      values[(picture * Self.channels + channel) * Self.grid.count + 5] = value
    }
    set(0, 4, 1)
    set(1, 0, 0)
    set(1, 5, 10)
    let features = try Tensor(values, shape: [2, Self.channels, 3, 4])
    let found = try scores(
      features, bank: crowd + [lonely], centre: [0, 0, 0, 0, 0, 0], neighbours: 3)
    #expect(found[1] > found[0], "\(found)")
    #expect(found[1] < 1 && found[0] > 0)
  }
}
