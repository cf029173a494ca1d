import Networks
import Torch

/// Chooses points one by one, each the farthest from all that are chosen: the greedy 2-approximation of
/// the smallest radius within which the chosen cover all (Gonzalez, 1985; PatchCore, algorithm 1).
///
/// As written, each choice reads all points once. Here the distances to the chosen are brought up to
/// date for many choices at a time, as one matrix product: the farthest few points are looked at among
/// themselves, and as long as one of them is farther than every point outside could be, it is the
/// farthest of all, for distances only shrink. The choice is the same.
package struct FarthestPoints {
  /// `[1, n, d]`.
  private let points: Tensor
  private let count: Int
  /// Points that are looked at among themselves.
  private let shortlist: Int
  /// Points whose distances are brought up to date at once.
  private static let slice = 4096

  /// - Parameters:
  ///   - points: `[n, d]`.
  ///   - shortlist: how many points are looked at among themselves; decides the time it takes, and
  ///     `4 · shortlist²` bytes, not the result.
  package init(_ points: Tensor, shortlist: Int = 2048) throws {
    count = points.shape[0]
    self.points = try points.reshaped([1, count, points.shape[1]])
    self.shortlist = max(1, min(shortlist, count))
  }

  /// The numbers of `wanted` points, in the order of their choice; fewer when all other points lie
  /// where a chosen one does.
  ///
  /// - Parameters:
  ///   - first: the first of them.
  ///   - report: told how many are chosen; what it throws ends the search.
  package func chosen(
    _ wanted: Int, from first: Int, report: (Int) throws -> Void = { _ in }
  ) throws -> [Int] {
    var chosen = [first]
    var fresh = [first]
    // Squared distances to the nearest chosen point; −1 of the chosen themselves.
    var distances = [Float](repeating: .infinity, count: count)
    while chosen.count < wanted {
      try update(&distances, with: fresh)
      fresh = try farthest(distances, atMost: wanted - chosen.count)
      guard !fresh.isEmpty else { break }
      chosen += fresh
      try report(chosen.count)
    }
    return chosen
  }

  private func update(_ distances: inout [Float], with fresh: [Int]) throws {
    let centres = try points.gathered(axis: 1, fresh).reshaped([fresh.count, points.shape[2]])
    for start in stride(from: 0, to: count, by: Self.slice) {
      let end = min(start + Self.slice, count)
      let found = try PatchCoreMethod.squaredDistances(
        of: points.sliced(axis: 1, start..<end), toNearestOf: centres
      ).floats()
      for (index, distance) in zip(start..<end, found) where distance < distances[index] {
        distances[index] = distance
      }
    }
    for index in fresh { distances[index] = -1 }
  }

  /// The next farthest points, as far as the shortlist can tell; none when nothing is left to cover.
  private func farthest(_ distances: [Float], atMost limit: Int) throws -> [Int] {
    let sorted = distances.sorted(by: >)
    let outside = shortlist < count ? sorted[shortlist] : -1
    let listed = largest(distances, least: sorted[shortlist - 1])
    let between = try distancesBetween(listed)
    var near = listed.map { distances[$0] }
    var found: [Int] = []
    while found.count < limit {
      guard let best = near.indices.max(by: { near[$0] < near[$1] }), near[best] > 0,
        near[best] >= outside
      else { break }
      found.append(listed[best])
      let row = best * listed.count
      for index in near.indices { near[index] = min(near[index], between[row + index]) }
      near[best] = -1
    }
    return found
  }

  /// As many points as the shortlist holds, none of them nearer than `least`.
  private func largest(_ distances: [Float], least: Float) -> [Int] {
    var listed = distances.indices.filter { distances[$0] > least }
    for index in distances.indices where listed.count < shortlist && distances[index] == least {
      listed.append(index)
    }
    return listed
  }

  /// Squared distances, row by row.
  private func distancesBetween(_ listed: [Int]) throws -> [Float] {
    let rows = try points.gathered(axis: 1, listed).reshaped([listed.count, points.shape[2]])
    let squares = try (rows * rows).sum(axes: [1])
    let products = try rows.linear(weight: rows.affine(scale: -2, offset: 0), bias: nil)
    return try (products + squares + squares.permuted([1, 0])).floats()
  }
}
