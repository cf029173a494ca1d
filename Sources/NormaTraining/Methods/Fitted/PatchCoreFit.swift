import Networks
import NormaCore
import NormaFiles
import Torch

extension PatchCoreMethod: FittedMethod {
  public func fitSteps(pictures: Int) -> Int {
    switch coreset.selection {
    case .random: pictures
    case .farthest: 2 * pictures + coreset.size(patches: pictures * grid.count)
    }
  }

  public func fitSummary(pictures: Int) -> String {
    let patches = pictures * grid.count
    return "a bank of \(coreset.size(patches: patches)) of \(patches) patches, chosen "
      + (coreset.selection == .random ? "at random" : "by farthest distance")
  }

  /// Memory: the bank; for the farthest also `candidates · projection` numbers of 4 bytes.
  public func fit(
    _ data: TrainingData, seed: UInt64, report: (Int, String) throws -> Void
  ) throws -> [String: WeightTensor] {
    let centre = data.centre
    let choice = try PatchChoice(
      coreset, data: data, patchesPerPicture: grid.count, centre: centre, seed: seed,
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
    return [
      "centre": WeightTensor(shape: [channels], values: centre),
      "bank": WeightTensor(shape: [choice.patches.count, channels], values: bank),
    ]
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
    _ coreset: PatchCoreMethod.Coreset, data: TrainingData, patchesPerPicture: Int,
    centre: [Float], seed: UInt64, report: (Int, String) throws -> Void
  ) throws {
    let total = data.training.count * patchesPerPicture
    let size = coreset.size(patches: total)
    var generator = SeededGenerator(seed: seed, stream: "coreset")
    guard coreset.selection == .farthest, size < total else {
      patches = generator.drawing(size, of: total)
      steps = 0
      return
    }
    let candidates = generator.drawing(min(total, max(size, coreset.candidates)), of: total)
    let points = try Self.projected(
      candidates, coreset.projection, data: data, patchesPerPicture: patchesPerPicture,
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

extension SeededGenerator {
  /// `count` of the numbers 0 ..< `total`, ascending, each set equally likely (selection sampling:
  /// Knuth, The Art of Computer Programming, 3.4.2, algorithm S).
  mutating func drawing(_ count: Int, of total: Int) -> [Int] {
    guard count < total else { return Array(0..<total) }
    var drawn: [Int] = []
    drawn.reserveCapacity(count)
    for number in 0..<total where below(total - number) < count - drawn.count {
      drawn.append(number)
    }
    return drawn
  }
}
