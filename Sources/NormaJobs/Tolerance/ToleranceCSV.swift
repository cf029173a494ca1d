import NormaCore

/// The results as a table for spreadsheets, metrics and rates as fractions: a line a disturbance, step,
/// model and category, with the line `mean` of each.
enum ToleranceCSV {
  static func text(_ result: ToleranceResult) -> String {
    let head = [
      "disturbance", "step", "undisturbed", "model", "method", "category", "normal", "anomalous",
      "imageAUROC", "pixelAUROC", "aupro", "sharedThreshold", "sharedFalseAlarms", "sharedMisses",
      "ownThreshold", "ownFalseAlarms", "ownMisses",
    ]
    let lines = result.disturbances.flatMap { disturbance in
      disturbance.steps.enumerated().flatMap { number, step in
        zip(result.models, step.models).flatMap { model, figures in
          (figures.map { $0.categories + [$0.mean] } ?? []).map { category in
            [
              disturbance.name, step.label, number == 0 ? "true" : "false", model.name,
              model.method,
            ] + fields(category)
          }
        }
      }
    }
    return ([head] + lines).map(CSVText.line).joined()
  }

  private static func fields(_ category: CategoryResult) -> [String] {
    let metrics = [category.imageAUROC, category.pixelAUROC, category.aupro]
    return [category.name, "\(category.normalCount)", "\(category.anomalousCount)"]
      + metrics.map { $0.map { "\($0)" } ?? "" }
      + [category.shared, category.own].flatMap { outcome in
        [
          outcome?.threshold.map { "\($0)" } ?? "", outcome.map { "\($0.falseAlarms)" } ?? "",
          outcome.map { "\($0.misses)" } ?? "",
        ]
      }
  }
}
