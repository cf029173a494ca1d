import NormaCore
import NormaFiles
import NormaReport

/// Turns what is known of a model into the content of its report.
public enum EvaluationReport {
  /// Where a model folder keeps the content of its report besides the page, so that a later
  /// evaluation adds to what training showed.
  public static let contentFile = ModelFile.reportContent

  /// The report of a model with a new evaluation.
  /// - Parameters:
  ///   - dataset: the data set's name, as people read it.
  ///   - examples: how many pictures each group of a category shows at most.
  public static func content(
    of model: ModelFolder, evaluation: Evaluation, evaluator: Evaluator, dataset: String,
    examples: Int = 6
  ) throws -> ReportContent {
    let calibration = evaluator.calibration
    var content = try before(model)
    content.calibration = ReportContent.Calibration(calibration)
    content.evaluation = ReportContent.Evaluation(
      dataset: dataset,
      categories: try evaluation.result.categories.map {
        try category($0, evaluation: evaluation, evaluator: evaluator, examples: examples)
      },
      mean: ReportContent.Metrics(evaluation.result.mean),
      autoCategoryAccuracy: evaluation.autoAccuracy, review: evaluation.review,
      reliability: evaluation.reliability)
    if calibration.status == .uncalibrated {
      content.evaluation?.note =
        "The model is uncalibrated. The pictures are sorted by the threshold of the best F1 on these "
        + "very pictures, and outlined where the colours are in their middle."
    }
    return content
  }

  /// What the model's page shows, with the training as its record has it.
  static func before(_ model: ModelFolder) throws -> ReportContent {
    var content =
      try stored(in: model)
      ?? ReportContent(
        title: FilePath.stem(model.path), model: ReportContent.Model(model.manifest))
    if let training = try TrainingRecord.read(from: model) { content.show(training) }
    return content
  }

  /// The content of the model's page; nil when it has none.
  public static func stored(in model: ModelFolder) throws -> ReportContent? {
    guard model.contains(contentFile) else { return nil }
    return try ReportContent(encoded: model.data(contentFile))
  }

  private static func category(
    _ result: CategoryResult, evaluation: Evaluation, evaluator: Evaluator, examples: Int
  ) throws -> ReportContent.Category {
    let pictures = evaluation.pictures(of: result.name)
    let normal = pictures.filter { !$0.sample.label.isAnomalous }.map { Double($0.score) }
    let anomalous = pictures.filter { $0.sample.label.isAnomalous }.map { Double($0.score) }
    let threshold = result.shared?.threshold ?? ExampleSelection.bestThreshold(pictures)
    let groups = ExampleSelection.groups(pictures, threshold: threshold, limit: examples)
    let drawn = try ExampleRenderer(evaluator: evaluator).render(
      groups.flatMap(\.shown), category: result.name)
    return ReportContent.Category(
      name: result.name, normalCount: result.normalCount, anomalousCount: result.anomalousCount,
      metrics: ReportContent.Metrics(result),
      shared: result.shared.flatMap(ReportContent.Outcome.init),
      own: result.own.flatMap(ReportContent.Outcome.init), normalScores: normal,
      anomalousScores: anomalous,
      roc: ReportContent.rocCurve(normal: normal, anomalous: anomalous),
      examples: groups.map { group in
        ReportContent.ExampleGroup(
          fate: group.fate, total: group.total, examples: group.shown.compactMap { drawn[$0] })
      })
  }
}

extension ReportContent.Metrics {
  /// The metrics of a category, or of their mean.
  public init(_ result: CategoryResult) {
    self.init(
      imageAUROC: result.imageAUROC, imageAP: result.imageAP, imageF1Max: result.imageF1Max,
      pixelAUROC: result.pixelAUROC, pixelAP: result.pixelAP, aupro: result.aupro)
  }
}

extension ReportContent.Outcome {
  /// Nil for a sum over several thresholds.
  init?(_ outcome: ThresholdOutcome) {
    guard let threshold = outcome.threshold else { return nil }
    self.init(
      threshold: Double(threshold), falseAlarms: outcome.falseAlarms, misses: outcome.misses)
  }
}

extension ReportContent.Calibration {
  /// What a model's calibration says, for its report.
  public init(_ calibration: Calibration) {
    let source: Source? =
      switch calibration.status {
      case .calibrated(.holdout): .holdout
      case .calibrated(.crossFit): .crossFit
      case .calibrated(.folder): .folder
      case .uncalibrated: nil
      }
    self.init(
      source: source, requestedRate: calibration.falseAlarmRate,
      shared: calibration.shared.map(ReportContent.Threshold.init),
      categories: calibration.categories.sorted { $0.key < $1.key }.map {
        ReportContent.CategoryThreshold(
          category: $0.key, threshold: ReportContent.Threshold($0.value))
      },
      pixelThreshold: calibration.pixel.map { Double($0.value) })
  }
}

extension ReportContent.Threshold {
  init(_ threshold: Threshold) {
    self.init(
      value: Double(threshold.value), rate: threshold.rate, pictures: threshold.pictures,
      isExtrapolated: threshold.extrapolated, basis: .init(rawValue: threshold.basis.rawValue))
  }
}

extension EvaluationReport {
  /// The report of a model whose thresholds were set anew. What the last evaluation found is decided
  /// again by the new thresholds, from the scores that it kept; its pictures stay as they were drawn.
  public static func content(
    of model: ModelFolder, calibration: Calibration
  ) throws -> ReportContent {
    var content = try before(model)
    content.calibration = ReportContent.Calibration(calibration)
    guard var evaluation = content.evaluation else { return content }
    for index in evaluation.categories.indices {
      evaluation.categories[index].decide(by: calibration)
    }
    // It was of the threshold before, and the pictures' uncertainties are not kept.
    evaluation.review = nil
    evaluation.note =
      "The thresholds were set after this evaluation. Its pictures are sorted by them; the colours and "
      + "outlines over the pictures are of the thresholds before."
    content.evaluation = evaluation
    return content
  }
}

extension ReportContent.Category {
  fileprivate mutating func decide(by calibration: Calibration) {
    let known = calibration.knownCategories.contains(name) ? name : nil
    let decider = try? calibration.threshold()
    shared = decider.map(outcome)
    own = calibration.categories[name].map(outcome)
    guard let decider, !examples.isEmpty else { return }
    regroup(by: Double(decider.value))
    for group in examples.indices {
      for index in examples[group].examples.indices {
        let score = Float(examples[group].examples[index].score)
        examples[group].examples[index].pValue =
          calibration.pValue(score: score, category: known)
      }
    }
  }

  private func outcome(_ threshold: Threshold) -> ReportContent.Outcome {
    let value = Double(threshold.value)
    return ReportContent.Outcome(
      threshold: value, falseAlarms: normalScores.count { $0 > value },
      misses: anomalousScores.count { !($0 > value) })
  }

  /// Sorts the pictures into their fates again. A picture that changes its fate moves; one that was
  /// not drawn is only counted.
  private mutating func regroup(by threshold: Double) {
    let anomalous = drawn(.missed) + drawn(.caught)
    let alarms = drawn(.falselyFlagged)
    examples = ReportContent.Fate.allCases.map { fate in
      switch fate {
      case .missed:
        ReportContent.ExampleGroup(
          fate: fate, total: anomalousScores.count { !($0 > threshold) },
          examples: anomalous.filter { !($0.score > threshold) })
      case .falselyFlagged:
        ReportContent.ExampleGroup(
          fate: fate, total: normalScores.count { $0 > threshold },
          examples: alarms.filter { $0.score > threshold })
      case .caught:
        ReportContent.ExampleGroup(
          fate: fate, total: anomalousScores.count { $0 > threshold },
          examples: anomalous.filter { $0.score > threshold })
      }
    }
  }

  private func drawn(_ fate: ReportContent.Fate) -> [ReportContent.Example] {
    examples.filter { $0.fate == fate }.flatMap(\.examples)
  }
}
