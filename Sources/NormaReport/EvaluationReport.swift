import NormaCore
import NormaFiles

/// What is known of a model as the content of its report.
public enum EvaluationReport {
  /// Where a model folder keeps the content of its report besides the page, so that a later
  /// evaluation adds to what training showed.
  public static let contentFile = ModelFile.reportContent

  /// What the model's page shows, with the training as its record has it.
  package static func before(_ model: ModelFolder) throws -> ReportContent {
    var content =
      try stored(in: model)
      ?? ReportContent(
        title: FilePath.stem(model.path), model: ReportContent.Model(model.manifest))
    // Older pages kept names of the method as nobody writes them.
    content.model.method = ReportContent.Model(model.manifest).method
    if let training = try TrainingRecord.read(from: model) { content.show(training) }
    return content
  }

  /// The content of the model's page; nil when it has none.
  /// - Throws: `FileProblem` that names the file when it cannot be read.
  public static func stored(in model: ModelFolder) throws -> ReportContent? {
    guard model.contains(contentFile) else { return nil }
    do {
      return try ReportContent(encoded: model.data(contentFile))
    } catch is DecodingError {
      throw FileProblem(
        path: "\(model.path)/\(contentFile)", reason: "not the content of a model's page")
    }
  }

  /// The report of a model whose thresholds were set anew. What the last evaluation found is decided
  /// again by the new thresholds, from the scores that it kept; its pictures stay as they were drawn.
  public static func content(
    of model: ModelFolder, calibration: Calibration
  ) throws -> ReportContent {
    try before(model).decided(by: calibration)
  }

  /// What an evaluation found, for the model as it is now, which others may have changed since it was opened:
  /// with what they show, and decided by the thresholds that they set.
  package static func content(
    _ evaluated: ReportContent, evaluatedAs then: ModelFolder, now: ModelFolder
  ) throws -> ReportContent {
    guard now.manifest != then.manifest else { return evaluated }
    var content = try before(now)
    (content.evaluation, content.calibration) = (evaluated.evaluation, evaluated.calibration)
    let calibration = try now.calibration()
    return try calibration == then.calibration() ? content : content.decided(by: calibration)
  }
}

extension ReportContent {
  /// The same by other thresholds than the evaluation was decided by.
  fileprivate func decided(by calibration: NormaCore.Calibration) -> ReportContent {
    var content = self
    content.calibration = Calibration(calibration)
    guard var evaluation = content.evaluation else { return content }
    for index in evaluation.categories.indices {
      evaluation.categories[index].decide(by: calibration)
    }
    evaluation.deciding = evaluation.categories.allSatisfy { $0.own != nil } ? .own : .shared
    // It was of the thresholds before, and what each picture was taken for is not kept.
    evaluation.review = nil
    evaluation.note =
      "The thresholds were set after this evaluation. Its pictures are sorted by them; the colours and "
      + "outlines over the pictures are of the thresholds before."
    content.evaluation = evaluation
    return content
  }
}

extension ReportContent.Category {
  /// Decides anew, from the scores that were kept.
  fileprivate mutating func decide(by calibration: Calibration) {
    let known = calibration.knownCategories.contains(name) ? name : nil
    shared = (try? calibration.threshold()).map(outcome(of:))
    own = calibration.categories[name].map(outcome(of:))
    // Which category each picture was taken for is not kept: told, they are judged alike where it is right.
    verdicts = nil
    guard let decider = try? calibration.threshold(category: known), !examples.isEmpty else {
      return
    }
    regroup(by: Double(decider.value))
    for group in examples.indices {
      for index in examples[group].examples.indices {
        let score = Float(examples[group].examples[index].score)
        examples[group].examples[index].pValue =
          calibration.pValue(score: score, category: known)
      }
    }
  }

  private func outcome(of threshold: Threshold) -> ReportContent.Outcome {
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

extension ReportContent {
  /// The page of a model that has just been trained: how it came to be, and what its thresholds promise.
  public init(
    title: String, manifest: Manifest, training: TrainingRecord,
    calibration: NormaCore.Calibration, strays: Portrait? = nil, portraits: [Portrait]? = nil,
    reliability: ReliabilityDiagram? = nil
  ) {
    self.init(
      title: title, model: Model(manifest), calibration: Calibration(calibration),
      strays: strays, portraits: portraits, reliability: reliability)
    show(training)
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
  public init?(_ outcome: ThresholdOutcome) {
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
  /// What a threshold of the model's calibration says, for its report.
  public init(_ threshold: Threshold) {
    self.init(
      value: Double(threshold.value), rate: threshold.rate, pictures: threshold.pictures,
      isExtrapolated: threshold.extrapolated, basis: .init(rawValue: threshold.basis.rawValue))
  }
}
