import Foundation
import NormaCore
import NormaTraining
import Testing
import Torch

struct FarthestPointsTests {
  /// Points in clumps, as patches lie.
  private static func points(_ count: Int, dimensions: Int, seed: UInt64 = 1) -> [[Float]] {
    var generator = SeededGenerator(seed: seed)
    let clumps = (0..<12).map { _ in (0..<dimensions).map { _ in 4 * generator.normal() } }
    return (0..<count).map { _ in
      let clump = clumps[generator.below(clumps.count)]
      return clump.map { Float($0 + generator.normal()) }
    }
  }

  private static func tensor(_ points: [[Float]]) throws -> Tensor {
    try Tensor(points.flatMap { $0 }, shape: [points.count, points[0].count])
  }

  private static func distance(_ a: [Float], _ b: [Float]) -> Double {
    zip(a, b).reduce(0.0) { $0 + Double($1.0 - $1.1) * Double($1.0 - $1.1) }.squareRoot()
  }

  /// As the algorithm is written: every choice reads all points.
  private static func naive(_ points: [[Float]], _ wanted: Int, from first: Int) -> [Int] {
    var chosen = [first]
    var near = points.map { distance($0, points[first]) }
    while chosen.count < wanted {
      let next = near.indices.reduce(0) { near[$1] > near[$0] ? $1 : $0 }
      chosen.append(next)
      for index in near.indices {
        near[index] = min(near[index], distance(points[index], points[next]))
      }
    }
    return chosen
  }

  /// The largest distance of a point to the nearest chosen one.
  static func radius(_ points: [[Float]], _ chosen: [Int]) -> Double {
    points.map { point in chosen.map { distance(point, points[$0]) }.min() ?? .infinity }
      .max() ?? 0
  }

  @Test(arguments: [1, 2, 7, 50, 300, 1000])
  func theChoiceIsThatOfTheAlgorithmAsWritten(shortlist: Int) throws {
    let points = Self.points(300, dimensions: 5)
    let found = try FarthestPoints(Self.tensor(points), shortlist: shortlist).chosen(60, from: 17)
    #expect(found == Self.naive(points, 60, from: 17))
  }

  @Test func manyPointsAreReadInSlices() throws {
    let points = Self.points(4500, dimensions: 3)
    let found = try FarthestPoints(Self.tensor(points), shortlist: 64).chosen(25, from: 4400)
    #expect(found == Self.naive(points, 25, from: 4400))
  }

  @Test func theChosenCoverBetterThanRandomOnes() throws {
    let points = Self.points(400, dimensions: 8)
    let found = try FarthestPoints(Self.tensor(points)).chosen(40, from: 0)
    let farthest = Self.radius(points, found)
    for seed in 0..<5 {
      var generator = SeededGenerator(seed: UInt64(seed))
      var order = Array(0..<400)
      generator.shuffle(&order)
      #expect(farthest < Self.radius(points, Array(order.prefix(40))))
    }
  }

  /// In a projection the choice is another, its radius hardly larger.
  @Test func aProjectionKeepsTheCover() throws {
    let points = Self.points(500, dimensions: 96)
    let matrix = try Generator(seed: 3).normal([48, 96])
      .affine(scale: 1 / Float(48).squareRoot(), offset: 0)
    let projected = try Self.tensor(points).linear(weight: matrix, bias: nil)
    let exact = try FarthestPoints(Self.tensor(points)).chosen(50, from: 0)
    let approximate = try FarthestPoints(projected).chosen(50, from: 0)
    #expect(approximate != exact)
    #expect(Self.radius(points, approximate) <= 1.2 * Self.radius(points, exact))
  }

  @Test func whatIsCoveredIsNotChosenAgain() throws {
    let few = Self.points(4, dimensions: 3)
    let points = (0..<40).map { few[$0 % 4] }
    let found = try FarthestPoints(Self.tensor(points), shortlist: 8).chosen(10, from: 5)
    // Rounding may find a copy a hair's breadth away, but no point twice.
    #expect(found.count <= 10 && Set(found).count == found.count)
    #expect(Set(found.prefix(4).map { $0 % 4 }) == [0, 1, 2, 3])
    let one = try FarthestPoints(Self.tensor([few[0]])).chosen(3, from: 0)
    #expect(one == [0])
  }

  @Test func whatTheReportThrowsEndsTheSearch() throws {
    struct Enough: Error {}
    let points = try FarthestPoints(Self.tensor(Self.points(100, dimensions: 3)), shortlist: 2)
    var last = 0
    #expect(throws: Enough.self) {
      _ = try points.chosen(90, from: 0) { count in
        last = count
        if count > 10 { throw Enough() }
      }
    }
    #expect(last > 10 && last < 90)
  }
}
