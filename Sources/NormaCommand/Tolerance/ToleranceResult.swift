import Norma
import NormaCore

/// What was measured: for each disturbance and step, what each model found.
struct ToleranceResult: Encodable, Sendable {
  struct Model: Encodable, Sendable {
    var name: String
    var path: String
    var method: String
    var imageSize: Int
  }

  /// What a model found on the pictures of one step; metrics and rates as fractions.
  struct Figures: Encodable, Sendable {
    /// Means over the categories.
    var imageAUROC: Double?
    var pixelAUROC: Double?
    /// Normal pictures above the model's own threshold for all categories, and anomalous ones not above
    /// it; nil when the model has none.
    var falseAlarmRate: Double?
    var missRate: Double?
    var categories: [CategoryResult]
    var mean: CategoryResult

    init(_ result: EvaluationResult) {
      let mean = result.mean
      imageAUROC = mean.imageAUROC
      pixelAUROC = mean.pixelAUROC
      if let outcome = mean.shared {
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

  struct Step: Encodable, Sendable {
    /// As the command line says it; `off` where nothing is done and no number says so.
    var label: String
    var value: Double?
    /// In the order of the models; nil where a model cannot be disturbed so.
    var models: [Figures?]
  }

  struct Disturbance: Encodable, Sendable {
    var name: String
    var title: String
    var unit: String
    /// The undisturbed step comes first.
    var steps: [Step]
  }

  var dataset: String
  var categories: [String]
  /// How many pictures each step has.
  var pictures: Int
  var seed: UInt64
  var models: [Model]
  var disturbances: [Disturbance]
  var unreadable: [String]
}

extension ToleranceResult.Disturbance {
  /// The steps by their numbers, where a chart or a row of pictures shows them; `off` stays first.
  var inOrder: [(place: Int, step: ToleranceResult.Step)] {
    let numbered = steps.enumerated().map { (place: $0.offset, step: $0.element) }
    guard numbered.first?.step.value != nil else { return numbered }
    return numbered.sorted { ($0.step.value ?? 0) < ($1.step.value ?? 0) }
  }
}
