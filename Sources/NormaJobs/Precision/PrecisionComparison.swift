import Foundation
import Norma
import NormaCore

/// How far a model in another precision is from the model itself, on the same normal pictures.
package struct PrecisionComparison {
  private struct Pair {
    var category: String
    var before: Numbers
    var after: Numbers
    /// Mean square of the maps' difference, and of the map itself around its mean.
    var mapError: Double
    var mapVariance: Double
  }
  private struct Numbers {
    var score: Double
    var peak: Double
    var suspicion: Double?

    init(_ detection: PictureDetection) {
      score = Double(detection.score)
      peak = Double(detection.map.values.max() ?? 0)
      suspicion = detection.perceived.map { Double($0.suspicion) }
    }
  }

  private var pairs: [Pair] = []

  package init() {}

  package mutating func add(_ before: PictureDetection, _ after: PictureDetection, category: String)
  {
    let (map, other) = (before.map.values, after.map.values)
    let count = Double(max(1, map.count))
    let mean = map.reduce(0) { $0 + Double($1) } / count
    var (error, variance) = (0.0, 0.0)
    for (value, otherValue) in zip(map, other) {
      let (difference, deviation) = (Double(otherValue) - Double(value), Double(value) - mean)
      error += difference * difference
      variance += deviation * deviation
    }
    pairs.append(
      Pair(
        category: category, before: Numbers(before), after: Numbers(after),
        mapError: error / count, mapVariance: variance / count))
  }

  /// What thresholds are multiplied by, of each category and of all: the median over the pictures.
  var factors: (categories: [String: ScoreFactors], all: ScoreFactors) {
    (Dictionary(grouping: pairs, by: \.category).mapValues(Self.factors), Self.factors(pairs))
  }

  private static func factors(_ pairs: [Pair]) -> ScoreFactors {
    func median(_ value: (Numbers) -> Double?) -> Double {
      let ratios = pairs.compactMap { pair -> Double? in
        guard let before = value(pair.before), let after = value(pair.after), before > 0 else {
          return nil
        }
        return after / before
      }.sorted()
      guard !ratios.isEmpty else { return 1 }
      let middle = ratios.count / 2
      return ratios.count % 2 == 1 ? ratios[middle] : (ratios[middle - 1] + ratios[middle]) / 2
    }
    return ScoreFactors(
      score: median(\.score), peak: median(\.peak), suspicion: median(\.suspicion))
  }

  /// Root mean square of the scores' change, what their category's factor explains taken out, as a
  /// share of the mean score.
  var scoreDeviation: Double {
    let factors = factors
    let errors = pairs.map { pair in
      let factor = (factors.categories[pair.category] ?? factors.all).score
      return factor > 0 ? pair.after.score / factor - pair.before.score : pair.before.score
    }
    let mean = pairs.reduce(0) { $0 + $1.before.score } / Double(max(1, pairs.count))
    let square = errors.reduce(0) { $0 + $1 * $1 } / Double(max(1, pairs.count))
    return mean > 0 ? square.squareRoot() / mean : 0
  }

  /// Root mean square of the maps' change, as a share of the maps' own standard deviation within a
  /// picture. From 1 on a map says nothing of the one that it stands for.
  package var mapDeviation: Double {
    let error = pairs.reduce(0) { $0 + $1.mapError }
    let variance = pairs.reduce(0) { $0 + $1.mapVariance }
    return variance > 0 ? (error / variance).squareRoot() : 0
  }

  /// How far a verdict's level moves at the most: the scores' change, what their category's factor explains
  /// taken out, as a share of the category's highest normal score, which is where its threshold is.
  package var levelChange: Double {
    let factors = factors.categories
    return Dictionary(grouping: pairs, by: \.category).reduce(0) { largest, group in
      let top = group.value.map(\.before.score).max() ?? 0
      guard top > 0, let factor = factors[group.key]?.score, factor > 0 else { return .infinity }
      return group.value.reduce(largest) {
        max($0, abs($1.after.score / factor - $1.before.score) / top)
      }
    }
  }

  /// How alike the pictures are ordered by both: Spearman's ρ of the scores within each category, in the mean
  /// over the pictures. Pictures that score the same share their rank.
  package var rankCorrelation: Double {
    let groups = Dictionary(grouping: pairs, by: \.category).values.filter { $0.count > 1 }
    let count = groups.reduce(0) { $0 + $1.count }
    guard count > 0 else { return 1 }
    return groups.reduce(0) { sum, group in
      let (before, after) = (
        Self.ranks(group.map(\.before.score)), Self.ranks(group.map(\.after.score))
      )
      return sum + Double(group.count) * Self.correlation(before, after)
    } / Double(count)
  }

  private static func ranks(_ values: [Double]) -> [Double] {
    let order = values.indices.sorted { values[$0] < values[$1] }
    var ranks = [Double](repeating: 0, count: values.count)
    var first = 0
    while first < order.count {
      var last = first
      while last + 1 < order.count, values[order[last + 1]] == values[order[first]] { last += 1 }
      for place in first...last { ranks[order[place]] = Double(first + last) / 2 }
      first = last + 1
    }
    return ranks
  }

  /// Pearson's; 1 where both do not vary, 0 where one does not.
  private static func correlation(_ first: [Double], _ second: [Double]) -> Double {
    let mean = Double(first.count - 1) / 2
    let (a, b) = (first.map { $0 - mean }, second.map { $0 - mean })
    let squares = (a.reduce(0) { $0 + $1 * $1 }, b.reduce(0) { $0 + $1 * $1 })
    guard squares.0 > 0, squares.1 > 0 else { return squares.0 == squares.1 ? 1 : 0 }
    return zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } / (squares.0 * squares.1).squareRoot()
  }

  /// For the terminal.
  func text(_ from: ModelPrecision, _ to: ModelPrecision) -> String {
    let factor = String(
      format: "%.3f", locale: Locale(identifier: "en_US_POSIX"), factors.all.score)
    let (score, map) = (scoreDeviation, mapDeviation)
    return """
      \(to.title) against \(from.title) on \(counted(pairs.count, "normal picture")):
        scores  \(factor) times as high, \(Figures.terminal.percent(score)) off around that
        maps    \(Figures.terminal.percent(map)) of their own deviation off
      """
  }
}

/// What a model in another precision has to keep of the model that it is made from.
struct PrecisionAcceptance {
  /// How many points of AUROC, of pictures and of pixels, may be lost in the mean over the categories.
  let drop: Double
  let context: JobContext
  static let defaultDrop = 0.3
  /// How far the maps may be off where nothing else is known; see `PrecisionComparison.mapDeviation`.
  static let mapDeviation = 0.25

  /// What normal pictures alone can tell: a map that is mostly noise finds nothing.
  func check(_ comparison: PrecisionComparison, of precision: ModelPrecision) throws {
    guard comparison.mapDeviation > Self.mapDeviation else { return }
    throw JobFailure(
      "\(precision.title) changes the anomaly maps of normal pictures by "
        + "\(Figures.terminal.percent(comparison.mapDeviation)) of their own deviation; more than "
        + "\(Figures.terminal.percent(Self.mapDeviation)) is not accepted. Nothing was written")
  }

  /// What labelled test pictures tell: how much worse defects are found. Without any, says so.
  func check(
    before: Evaluator, after: Evaluator, of precision: ModelPrecision, dataset: Dataset,
    stopped: String
  ) throws {
    let categories = Self.labelled(dataset)
    guard !categories.isEmpty else {
      return context.note(
        "There are no test pictures with known defects, so it was not measured whether it finds the "
          + "same: 'norma evaluate' does that.")
    }
    let dataset = try dataset.selecting(categories: categories)
    func evaluate(_ evaluator: Evaluator, _ title: String) throws -> CategoryResult {
      let progress = context.stage(title, total: dataset.test.count, unit: "pictures")
      defer { progress.clear() }
      return try evaluator.evaluate(dataset) { done, _ in
        progress.update(done)
        try context.check(stopped)
      }.result.mean
    }
    let old = try evaluate(before, "Evaluating the model")
    let new = try evaluate(after, "Evaluating it in \(precision.title)")
    try check(before: old, after: new, of: precision)
  }

  func check(before: CategoryResult, after: CategoryResult, of precision: ModelPrecision) throws {
    let measures = [
      ("image", before.imageAUROC, after.imageAUROC),
      ("pixel", before.pixelAUROC, after.pixelAUROC),
    ]
    for (name, old, new) in measures {
      guard let old, let new else { continue }
      let text = String(
        format: "%@ AUROC %.2f → %.2f", locale: Locale(identifier: "en_US_POSIX"), name, 100 * old,
        100 * new)
      context.note(text)
      guard 100 * (old - new) > drop else { continue }
      throw JobFailure(
        "\(precision.title) loses more than \(drop) points on the test pictures (\(text)), so nothing "
          + "was written; --accept-drop accepts more")
    }
  }

  /// The categories whose test pictures are both normal and defective.
  private static func labelled(_ dataset: Dataset) -> [String] {
    let defective = Set(dataset.test.filter(\.label.isAnomalous).map(\.category))
    let normal = Set(dataset.test.filter { !$0.label.isAnomalous }.map(\.category))
    return defective.intersection(normal).sorted()
  }
}
