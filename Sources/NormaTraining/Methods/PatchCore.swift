import Networks
import NormaCore
import NormaFiles
import Torch

extension PatchCoreMethod: FittedMethod {
  public func fitSteps(pictures: Int) -> Int {
    switch settings.coreset {
    case .random: pictures
    case .farthest: 2 * pictures + settings.size(patches: pictures * grid.count)
    }
  }

  public func fitSummary(pictures: Int) -> String {
    let patches = pictures * grid.count
    return "a bank of \(settings.size(patches: patches)) of \(patches) patches, chosen "
      + (settings.coreset == .random ? "at random" : "by farthest distance")
      + (settings.byCategory ? ", category by category" : "")
  }

  /// Memory: the bank; for the farthest also `candidates · projection` numbers of 4 bytes.
  public func fit(
    _ data: TrainingData, seed: UInt64, report: (Int, String) throws -> Void
  ) throws -> [String: WeightTensor] {
    // Its bank is in the weights and in the graph.
    let patches = settings.size(patches: data.training.count * grid.count)
    try ModelFolder.checkSize(2 * 4 * patches * channels, path: "patchcore")
    let centre = data.centre
    if settings.byCategory {
      return try banks(data, centre: centre, seed: seed, report: report)
    }
    let bank = try bank(data, settings, centre: centre, seed: seed, report: report)
    return [
      "centre": WeightTensor(shape: [channels], values: centre),
      "bank": WeightTensor(shape: [bank.count / channels, channels], values: bank),
    ]
  }

  /// The patches that are chosen from the training pictures, around `centre`, row by row.
  private func bank(
    _ data: TrainingData, _ settings: PatchCoreSettings, centre: [Float], seed: UInt64,
    report: (Int, String) throws -> Void
  ) throws -> [Float] {
    let choice = try PatchChoice(
      settings, data: data, patchesPerPicture: grid.count, centre: centre, seed: seed,
      report: report)
    var rows = choice.patches[...]
    var bank: [Float] = []
    bank.reserveCapacity(rows.count * channels)
    let before = choice.steps
    try data.forEachBatch { pictures, features in
      let first = pictures.lowerBound * grid.count
      let end = pictures.upperBound * grid.count
      let wanted = rows.prefix { $0 < end }
      rows = rows.dropFirst(wanted.count)
      if !wanted.isEmpty {
        bank += try data.patches(features, centre: centre)
          .gathered(axis: 0, wanted.map { $0 - first }).floats()
      }
      try report(before + pictures.upperBound, "bank")
    }
    return bank
  }

  /// A bank for each category, all of as many rows: the shorter ones are repeated from their beginning, which
  /// changes no distance to the nearest.
  private func banks(
    _ data: TrainingData, centre: [Float], seed: UInt64, report: (Int, String) throws -> Void
  ) throws -> [String: WeightTensor] {
    let groups = Dictionary(grouping: data.training) { data.categories[$0] ?? 0 }
      .sorted { $0.key < $1.key }.map(\.value)
    var settings = settings
    settings.limit = max(1, settings.limit / groups.count)
    let steps = fitSteps(pictures: data.training.count)
    var before = 0
    var banks: [[Float]] = []
    for group in groups {
      banks.append(
        try bank(data.learning(from: group), settings, centre: centre, seed: seed) {
          // Shares are rounded category by category.
          try report(min(before + $0, steps), $1)
        })
      before += fitSteps(pictures: group.count)
    }
    let longest = banks.map(\.count).max() ?? 0
    let (means, precision) = try recognition(groups, data, centre: centre)
    return [
      "centre": WeightTensor(shape: [channels], values: centre),
      "banks": WeightTensor(
        shape: [groups.count, longest / channels, channels],
        values: banks.flatMap { bank in (0..<longest).map { bank[$0 % bank.count] } }),
      "means": WeightTensor(shape: [groups.count, channels], values: means),
      "precision": WeightTensor(shape: [channels], values: precision),
    ]
  }

  /// The categories' mean features, one after the other, and one over the variance within them, by which
  /// pictures are recognised.
  private func recognition(
    _ groups: [[Int]], _ data: TrainingData, centre: [Float]
  ) throws -> (means: [Float], precision: [Float]) {
    var builder = CategoryFeatures.Builder()
    for (number, group) in groups.enumerated() {
      for picture in group {
        let feature = zip(data.learning(from: [picture]).centre, centre).map { $0 - $1 }
        try builder.add(feature, category: "\(number)")
      }
    }
    guard let found = try builder.build() else { return ([], []) }
    return (
      groups.indices.flatMap { found.means["\($0)"] ?? [] },
      found.deviation.map { $0 > 0 ? 1 / ($0 * $0) : 0 }
    )
  }
}

extension TrainingData {
  /// The mean of each channel over the training pictures, as they are standardised.
  var centre: [Float] {
    let mean = store.statistics(level: 0, of: training).mean
    guard let standardization = standardization?.first else { return mean }
    return mean.indices.map {
      (mean[$0] - standardization.mean[$0]) / max(standardization.deviation[$0], 1e-6)
    }
  }

  /// Features `[batch, C, h, w]` as patches `[batch · h · w, C]` around `centre`.
  func patches(_ features: Tensor, centre: [Float]) throws -> Tensor {
    try features.tokens().reshaped([-1, centre.count]) - Tensor(centre, shape: [1, centre.count])
  }
}

/// Which patches make up PatchCore's bank.
struct PatchChoice {
  /// Ascending; picture by picture in the training's order, row by row within it.
  let patches: [Int]
  /// Steps that the choice took.
  let steps: Int

  init(
    _ settings: PatchCoreSettings, data: TrainingData, patchesPerPicture: Int,
    centre: [Float], seed: UInt64, report: (Int, String) throws -> Void
  ) throws {
    let total = data.training.count * patchesPerPicture
    let size = settings.size(patches: total)
    var generator = SeededGenerator(seed: seed, stream: "coreset")
    guard settings.coreset == .farthest, size < total else {
      patches = generator.drawing(size, of: total)
      steps = 0
      return
    }
    let candidates = generator.drawing(min(total, max(size, settings.candidates)), of: total)
    let points = try Self.projected(
      candidates, settings.projection, data: data, patchesPerPicture: patchesPerPicture,
      centre: centre, seed: seed, report: report)
    let chosen = try FarthestPoints(points).chosen(
      size, from: generator.below(candidates.count)
    ) { try report(data.training.count + $0, "farthest patches") }
    patches = chosen.map { candidates[$0] }.sorted()
    steps = data.training.count + size
  }

  /// The candidates, `[candidates, dimensions]`, by a random projection, which keeps distances nearly
  /// as they are (Johnson and Lindenstrauss, 1984).
  private static func projected(
    _ candidates: [Int], _ projection: Int, data: TrainingData, patchesPerPicture: Int,
    centre: [Float], seed: UInt64, report: (Int, String) throws -> Void
  ) throws -> Tensor {
    let isProjected = projection > 0 && projection < centre.count
    let dimensions = isProjected ? projection : centre.count
    let matrix =
      try isProjected
      ? Generator(seed: seed, stream: "projection").normal([dimensions, centre.count])
        .affine(scale: 1 / Float(dimensions).squareRoot(), offset: 0) : nil
    var values: [Float] = []
    values.reserveCapacity(candidates.count * dimensions)
    var rows = candidates[...]
    try data.forEachBatch { pictures, features in
      let first = pictures.lowerBound * patchesPerPicture
      let wanted = rows.prefix { $0 < pictures.upperBound * patchesPerPicture }
      rows = rows.dropFirst(wanted.count)
      if !wanted.isEmpty {
        let patches = try data.patches(features, centre: centre)
          .gathered(axis: 0, wanted.map { $0 - first })
        values += try (matrix.map { try patches.linear(weight: $0, bias: nil) } ?? patches).floats()
      }
      try report(pictures.upperBound, "candidates")
    }
    return try Tensor(values, shape: [candidates.count, dimensions])
  }
}

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
