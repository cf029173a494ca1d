/// How far a mean image AUROC would have been another with other test pictures of the same kind
/// (Efron, 1979): the pictures are drawn anew, with replacement, normal and anomalous ones of each
/// category apart, so that every resample has as many of each.
///
/// The measured quantity is the AUROC of each category, averaged over models (seeds), then over
/// categories. All models of a resample see the same pictures.
public struct Bootstrap: Sendable {
  /// The labels of a category's pictures, and each model's scores of them in the same order.
  public struct Category: Sendable {
    public var labels: [Bool]
    /// One list a model.
    public var scores: [[Float]]

    public init(labels: [Bool], scores: [[Float]]) {
      self.labels = labels
      self.scores = scores
    }
  }

  /// What was measured, and between which bounds it lies with the bootstrap's confidence.
  public struct Interval: Codable, Sendable, Equatable {
    public var value: Double
    public var low: Double
    public var high: Double

    public init(value: Double, low: Double, high: Double) {
      self.value = value
      self.low = low
      self.high = high
    }
  }

  /// The difference of two rows on the same pictures.
  public struct Difference: Codable, Sendable, Equatable {
    public var value: Double
    public var low: Double
    public var high: Double
    /// Two-sided: twice the share of resamples on the other side of no difference, at most 1.
    public var pValue: Double

    public init(value: Double, low: Double, high: Double, pValue: Double) {
      self.value = value
      self.low = low
      self.high = high
      self.pValue = pValue
    }
  }

  public var resamples: Int
  public var seed: UInt64
  /// The share of resamples between the bounds.
  public var confidence: Double

  public init(resamples: Int = 1000, seed: UInt64 = 0, confidence: Double = 0.95) {
    self.resamples = resamples
    self.seed = seed
    self.confidence = confidence
  }

  /// - Returns: nil when no category has both normal and anomalous pictures.
  /// - Throws: ``MetricError`` for NaN scores, or lists of different length.
  public func interval(_ categories: [Category]) throws -> Interval? {
    let ranked = try categories.map(RankedCategory.init)
    guard let value = Self.mean(ranked, ranked.map(\.all)) else { return nil }
    var values: [Double] = []
    forEachDraw(of: ranked) { draw in
      if let mean = Self.mean(ranked, draw) { values.append(mean) }
    }
    values.sort()
    return Interval(
      value: value, low: quantile(values, low: true), high: quantile(values, low: false))
  }

  /// `first` minus `second`, which hold the same pictures in the same order.
  /// - Returns: nil when no category has both normal and anomalous pictures.
  /// - Throws: ``MetricError`` for NaN scores, or lists of different length.
  public func difference(_ first: [Category], _ second: [Category]) throws -> Difference? {
    guard first.count == second.count else {
      throw MetricError.lengths(
        what: "categories", found: second.count, expected: first.count)
    }
    for (a, b) in zip(first, second) where a.labels != b.labels {
      throw MetricError.lengths(
        what: "pictures of a category", found: b.labels.count, expected: a.labels.count)
    }
    let (a, b) = (try first.map(RankedCategory.init), try second.map(RankedCategory.init))
    guard let x = Self.mean(a, a.map(\.all)), let y = Self.mean(b, b.map(\.all)) else { return nil }
    var values: [Double] = []
    forEachDraw(of: a) { draw in
      if let x = Self.mean(a, draw), let y = Self.mean(b, draw) { values.append(x - y) }
    }
    values.sort()
    // Resamples cannot tell a chance from one that is smaller than one of them.
    let rarer = min(values.count { $0 <= 0 }, values.count { $0 >= 0 })
    return Difference(
      value: x - y, low: quantile(values, low: true), high: quantile(values, low: false),
      pValue: min(1, 2 * Double(rarer + 1) / Double(values.count + 1)))
  }

  /// Hands over how often each picture of each category is in a resample, resample by resample.
  private func forEachDraw(of categories: [RankedCategory], _ use: ([[Int]]) -> Void) {
    var generator = SeededGenerator(seed: seed, stream: "bootstrap")
    for _ in 0..<max(1, resamples) { use(categories.map { $0.draw(&generator) }) }
  }

  private static func mean(_ categories: [RankedCategory], _ counts: [[Int]]) -> Double? {
    let values = zip(categories, counts).compactMap { $0.auroc($1) }
    return values.isEmpty ? nil : values.reduce(0, +) / Double(values.count)
  }

  /// Linear between the neighbours in rank.
  private func quantile(_ sorted: [Double], low: Bool) -> Double {
    let share = low ? (1 - confidence) / 2 : (1 + confidence) / 2
    let place = share * Double(sorted.count - 1)
    let index = min(Int(place), sorted.count - 1)
    let next = min(index + 1, sorted.count - 1)
    return sorted[index] + (place - Double(index)) * (sorted[next] - sorted[index])
  }
}

/// A category whose scores are sorted once and counted many times.
private struct RankedCategory {
  let labels: [Bool]
  private let normal: [Int]
  private let anomalous: [Int]
  /// For each model the pictures from the highest score down, equal scores together.
  private let models: [[[Int]]]

  init(_ category: Bootstrap.Category) throws {
    labels = category.labels
    normal = labels.indices.filter { !category.labels[$0] }
    anomalous = labels.indices.filter { category.labels[$0] }
    models = try category.scores.map { scores in
      guard scores.count == category.labels.count else {
        throw MetricError.lengths(
          what: "scores", found: scores.count, expected: category.labels.count)
      }
      try ScoreKey.refuseNaN(scores, what: "score")
      var groups: [[Int]] = []
      for index in scores.indices.sorted(by: { scores[$0] > scores[$1] }) {
        if let last = groups.last?.first, scores[last] == scores[index] {
          groups[groups.count - 1].append(index)
        } else {
          groups.append([index])
        }
      }
      return groups
    }
  }

  /// Every picture once.
  var all: [Int] { [Int](repeating: 1, count: labels.count) }

  func draw(_ generator: inout SeededGenerator) -> [Int] {
    var counts = [Int](repeating: 0, count: labels.count)
    for part in [normal, anomalous] {
      for _ in part { counts[part[generator.below(part.count)]] += 1 }
    }
    return counts
  }

  /// The mean over the models; nil when one class is missing.
  func auroc(_ counts: [Int]) -> Double? {
    let values = models.compactMap { groups -> Double? in
      var sweep = ThresholdSweep(negatives: normal.count, positives: anomalous.count)
      for group in groups {
        let positives = group.reduce(0) { labels[$1] ? $0 + counts[$1] : $0 }
        let all = group.reduce(0) { $0 + counts[$1] }
        if all > 0 { sweep.add(negatives: all - positives, positives: positives) }
      }
      return sweep.auroc
    }
    return values.isEmpty ? nil : values.reduce(0, +) / Double(values.count)
  }
}
