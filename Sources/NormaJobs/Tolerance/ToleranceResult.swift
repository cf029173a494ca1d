import Norma
import NormaCore
import NormaReport

/// What was measured: for each disturbance and step, what each model found.
public struct ToleranceResult: Encodable, Sendable {
  public struct Model: Encodable, Sendable {
    public var name: String
    public var path: String
    public var method: String
    public var imageSize: Int
  }

  /// What a model found on the pictures of one step; metrics and rates as fractions.
  public struct Figures: Encodable, Sendable {
    /// Means over the categories.
    public var imageAUROC: Double?
    public var pixelAUROC: Double?
    /// Normal pictures that `norma inspect` flags, and anomalous ones that it does not, by thresholds as
    /// shipped; nil when the model has none.
    public var falseAlarmRate: Double?
    public var missRate: Double?
    public var categories: [CategoryResult]
    public var mean: CategoryResult

    init(_ result: EvaluationResult) {
      let mean = result.mean
      imageAUROC = mean.imageAUROC
      pixelAUROC = mean.pixelAUROC
      if let outcome = mean.verdicts {
        falseAlarmRate = Self.share(outcome.falseAlarms, of: mean.normalCount)
        missRate = Self.share(outcome.misses, of: mean.anomalousCount)
      }
      categories = result.categories
      self.mean = mean
    }

    private static func share(_ count: Int, of all: Int) -> Double? {
      all > 0 ? Double(count) / Double(all) : nil
    }
  }

  public struct Step: Encodable, Sendable {
    /// As the command line says it; `off` where nothing is done and no number says so.
    public var label: String
    public var value: Double?
    /// In the order of the models; nil where a model cannot be disturbed so.
    public var models: [Figures?]
  }

  public struct Disturbance: Encodable, Sendable {
    public var name: String
    public var title: String
    public var unit: String
    /// The undisturbed step comes first.
    public var steps: [Step]
  }

  public var dataset: String
  public var categories: [String]
  /// How many pictures each step has.
  public var pictures: Int
  public var seed: UInt64
  public var models: [Model]
  public var disturbances: [Disturbance]
  public var unreadable: [String]
}

extension ToleranceResult.Disturbance {
  /// The steps by their numbers, where a chart or a row of pictures shows them; `off` stays first.
  public var inOrder: [(place: Int, step: ToleranceResult.Step)] {
    let numbered = steps.enumerated().map { (place: $0.offset, step: $0.element) }
    guard numbered.first?.step.value != nil else { return numbered }
    return numbered.sorted { ($0.step.value ?? 0) < ($1.step.value ?? 0) }
  }
}

/// The results as a table for spreadsheets, metrics and rates as fractions: a line a disturbance, step,
/// model and category, with the line `mean` of each.
enum ToleranceCSV {
  static func text(_ result: ToleranceResult) -> String {
    let head = [
      "disturbance", "step", "undisturbed", "model", "method", "category", "normal", "anomalous",
      "imageAUROC", "pixelAUROC", "aupro", "sharedThreshold", "sharedFalseAlarms", "sharedMisses",
      "ownThreshold", "ownFalseAlarms", "ownMisses", "verdictFalseAlarms", "verdictMisses",
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
      + [category.verdicts?.falseAlarms, category.verdicts?.misses].map {
        $0.map { "\($0)" } ?? ""
      }
  }
}

/// A disturbance's table for the terminal.
public enum ToleranceText {
  public static func table(
    _ disturbance: ToleranceResult.Disturbance, models: [String]
  ) -> String {
    var table = TextTable(
      columns: [
        disturbance.name, "model", "image AUROC", "pixel AUROC", "false alarms", "misses",
      ], right: [0, 2, 3, 4, 5])
    for step in disturbance.steps {
      for (index, (model, figures)) in zip(models, step.models).enumerated() {
        table.add([
          index == 0 ? step.label : "", model, Figures.metric(figures?.imageAUROC),
          Figures.metric(figures?.pixelAUROC), Figures.metric(figures?.falseAlarmRate),
          Figures.metric(figures?.missRate),
        ])
      }
    }
    return "\n\(disturbance.title): \(disturbance.unit)\n\n\(table.text)"
  }
}
