import Foundation
import Norma
import NormaCore

/// How far a model in another precision is from the model itself, on the same normal pictures.
struct PrecisionComparison {
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

  mutating func add(_ before: PictureDetection, _ after: PictureDetection, category: String) {
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
  var mapDeviation: Double {
    let error = pairs.reduce(0) { $0 + $1.mapError }
    let variance = pairs.reduce(0) { $0 + $1.mapVariance }
    return variance > 0 ? (error / variance).squareRoot() : 0
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
