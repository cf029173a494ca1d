import NormaCore
import NormaReport

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
