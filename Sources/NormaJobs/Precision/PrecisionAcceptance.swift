import Foundation
import Norma
import NormaCore

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
