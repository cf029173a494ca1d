/// What a hurried reader should know: one sentence and a few figures.
struct SummarySection {
  let content: ReportContent

  func markup() -> Markup {
    Markup("section", ["id": "summary", "aria-label": "Summary"]) {
      Markup("p", ["class": "headline"]) { headline }
      Markup("dl", ["class": "figures"]) {
        for figure in figures {
          Markup("div") {
            Markup("dt") { figure.label }
            Markup("dd") { figure.value }
          }
        }
      }
    }
  }

  private var headline: String {
    if let evaluation = content.evaluation { return Self.verdict(evaluation) }
    let model = content.model
    let time = model.trainingSeconds.map { " in \(ReportNumbers.duration($0))" } ?? ""
    return "Trained on "
      + ReportNumbers.count(model.trainingPictures, "normal picture", "normal pictures")
      + " of " + ReportNumbers.count(model.categories.count, "category", "categories")
      + "\(time). Not yet evaluated."
  }

  /// What the deciding threshold did on all test pictures, in words.
  static func verdict(_ evaluation: ReportContent.Evaluation) -> String {
    let normal = evaluation.categories.reduce(0) { $0 + $1.normalCount }
    let anomalous = evaluation.categories.reduce(0) { $0 + $1.anomalousCount }
    let outcomes = evaluation.categories.compactMap { $0.outcome(evaluation.deciding) }
    guard outcomes.count == evaluation.categories.count, !outcomes.isEmpty else {
      return "Scored " + ReportNumbers.count(normal, "normal", "normal") + " and "
        + ReportNumbers.count(anomalous, "anomalous test picture", "anomalous test pictures")
        + "; the model has no thresholds to judge them by."
    }
    let misses = outcomes.reduce(0) { $0 + $1.misses }
    let falseAlarms = outcomes.reduce(0) { $0 + $1.falseAlarms }
    return outcomeText(
      normal: normal, anomalous: anomalous, falseAlarms: falseAlarms, misses: misses)
  }

  /// "Caught 61 of 63 anomalous pictures; falsely flagged 1 of 20 normal ones."
  static func outcomeText(normal: Int, anomalous: Int, falseAlarms: Int, misses: Int) -> String {
    let caught: String? =
      switch (anomalous, misses) {
      case (0, _): nil
      case (1, 0): "Caught the one anomalous picture"
      case (_, 0): "Caught all \(ReportNumbers.count(anomalous)) anomalous pictures"
      default:
        "Caught \(ReportNumbers.count(anomalous - misses)) of "
          + ReportNumbers.count(anomalous, "anomalous picture", "anomalous pictures")
      }
    let flagged: String? =
      switch (normal, falseAlarms) {
      case (0, _): nil
      case (1, 0): "falsely flagged not the one normal picture"
      case (_, 0): "falsely flagged none of \(ReportNumbers.count(normal)) normal ones"
      default:
        "falsely flagged \(ReportNumbers.count(falseAlarms)) of \(ReportNumbers.count(normal)) normal ones"
      }
    switch (caught, flagged) {
    case (let caught?, let flagged?): return "\(caught); \(flagged)."
    case (let caught?, nil): return "\(caught); there were no normal test pictures."
    case (nil, _?):
      return "Falsely flagged \(ReportNumbers.count(falseAlarms)) of "
        + ReportNumbers.count(normal, "normal picture", "normal pictures")
        + "; there were no anomalous test pictures."
    case (nil, nil): return "There were no test pictures."
    }
  }

  private var figures: [(label: String, value: String)] {
    guard let evaluation = content.evaluation else { return trainingFigures }
    let mean = evaluation.mean
    let candidates: [(String, Double?)] = [
      ("image AUROC", mean.imageAUROC), ("image F1-max", mean.imageF1Max),
      ("pixel AUROC", mean.pixelAUROC), ("AUPRO", mean.aupro),
    ]
    return candidates.filter { $0.1?.isFinite == true }
      .map { ($0.0, ReportNumbers.metric($0.1)) }
  }

  private var trainingFigures: [(label: String, value: String)] {
    var figures: [(String, String)] = []
    if let losses = content.losses, let last = losses.epochs.last {
      let kept = losses.epochs.first { $0.number == losses.keptEpoch } ?? last
      figures.append(("kept epoch", "\(kept.number) of \(last.number)"))
      figures.append(("training loss", ReportNumbers.value(kept.training)))
      if let heldOut = kept.heldOut {
        figures.append(("held-out loss", ReportNumbers.value(heldOut)))
      }
    }
    if let calibration = content.calibration {
      figures.append(
        (
          "shared threshold",
          calibration.shared.map { ReportNumbers.value($0.value) } ?? ReportNumbers.absent
        ))
    }
    return figures
  }
}
