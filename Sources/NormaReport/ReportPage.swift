import NormaCore

/// Writes a report as one HTML page that needs nothing else: style, charts and pictures lie inside.
///
/// The page is well-formed XML as well as HTML, reads in light and dark, on a telephone, on paper
/// and with the keyboard, and does without its script (which only adds keys to the enlarged view).
public enum ReportPage {
  /// The page of `content`, the same text for the same content.
  ///
  /// Everything that comes from `content` is escaped. Sections whose data are absent are left out.
  public static func html(_ content: ReportContent) -> String {
    let shell = PageShell(
      title: content.title,
      kind: content.evaluation == nil ? "training report" : "evaluation report",
      lede: "\(content.model.method) on \(content.model.backbone), "
        + "\(content.model.imageSize)\u{A0}px, \(content.model.precision)",
      links: links(content), toolVersion: content.model.toolVersion, script: ReportScript.source)
    return shell.html {
      SummarySection(content: content).markup()
      if let evaluation = content.evaluation {
        ResultsSection(evaluation: evaluation).markup()
        if let dial = evaluation.review { ReviewSection(dial: dial).markup() }
      }
      ReliabilitySection(content).map { $0.markup() }
      if let calibration = content.calibration {
        ThresholdsSection(
          calibration: calibration, accuracy: content.evaluation?.autoCategoryAccuracy
        ).markup()
      }
      if let evaluation = content.evaluation {
        CategorySection.all(of: evaluation)
      }
      if let strays = content.strays { StraysSection(strays: strays).markup() }
      if let portraits = content.portraits, !portraits.isEmpty {
        PortraitSection(portraits: portraits).markup()
      }
      if let losses = content.losses {
        TrainingSection(history: losses).markup()
      }
      if let members = content.members {
        MembersTrainingSection(members: members).markup()
      }
      ModelSection(model: content.model).markup()
    }
  }

  private static func links(_ content: ReportContent) -> [(target: String, text: String)] {
    var links: [(target: String, text: String)] = []
    if let evaluation = content.evaluation {
      links.append(("results", "Results"))
      if evaluation.review != nil { links.append(("review", "Not sure")) }
      if ReliabilitySection(content) != nil { links.append(("reliability", "Probabilities")) }
      if content.calibration != nil { links.append(("thresholds", "Thresholds")) }
      for (index, category) in evaluation.categories.enumerated() {
        links.append((CategorySection.identifier(index), category.name))
      }
    } else {
      if ReliabilitySection(content) != nil { links.append(("reliability", "Probabilities")) }
      if content.calibration != nil { links.append(("thresholds", "Thresholds")) }
    }
    if content.strays != nil { links.append(("strays", "Pictures")) }
    if content.portraits?.isEmpty == false { links.append(("inside", "Inside")) }
    if content.losses != nil || content.members.map(MembersTrainingSection.init)?.markup() != nil {
      links.append(("training", "Training"))
    }
    return links + [("model", "Model")]
  }
}

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
    let time = model.trainingSeconds.map { " in \(Figures.page.duration($0))" } ?? ""
    return "Trained on "
      + Figures.count(model.trainingPictures, "normal picture", "normal pictures")
      + " of " + Figures.count(model.categories.count, "category", "categories")
      + "\(time). Not yet evaluated."
  }

  /// What the deciding threshold did on all test pictures, in words.
  static func verdict(_ evaluation: ReportContent.Evaluation) -> String {
    let (normal, anomalous) = (evaluation.normalCount, evaluation.anomalousCount)
    guard let total = evaluation.verdicts ?? evaluation.total(evaluation.deciding) else {
      return "Scored " + Figures.count(normal, "normal", "normal") + " and "
        + Figures.count(anomalous, "anomalous test picture", "anomalous test pictures")
        + "; the model has no thresholds to judge them by."
    }
    return outcomeText(
      normal: normal, anomalous: anomalous, falseAlarms: total.falseAlarms, misses: total.misses)
  }

  /// "Caught 61 of 63 anomalous pictures; falsely flagged 1 of 20 normal ones."
  static func outcomeText(normal: Int, anomalous: Int, falseAlarms: Int, misses: Int) -> String {
    let caught: String? =
      switch (anomalous, misses) {
      case (0, _): nil
      case (1, 0): "Caught the one anomalous picture"
      case (_, 0): "Caught all \(Figures.count(anomalous)) anomalous pictures"
      default:
        "Caught \(Figures.count(anomalous - misses)) of "
          + Figures.count(anomalous, "anomalous picture", "anomalous pictures")
      }
    let flagged: String? =
      switch (normal, falseAlarms) {
      case (0, _): nil
      case (1, 0): "falsely flagged not the one normal picture"
      case (_, 0): "falsely flagged none of \(Figures.count(normal)) normal ones"
      default:
        "falsely flagged \(Figures.count(falseAlarms)) of \(Figures.count(normal)) normal ones"
      }
    switch (caught, flagged) {
    case (let caught?, let flagged?): return "\(caught); \(flagged)."
    case (let caught?, nil): return "\(caught); there were no normal test pictures."
    case (nil, _?):
      return "Falsely flagged \(Figures.count(falseAlarms)) of "
        + Figures.count(normal, "normal picture", "normal pictures")
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
      .map { ($0.0, Figures.metric($0.1)) }
  }

  private var trainingFigures: [(label: String, value: String)] {
    var figures: [(String, String)] = []
    if let losses = content.losses, let (kept, number) = losses.keptOrLast {
      figures.append(("kept epoch", "\(number) of \(losses.epochs.count)"))
      figures.append(("training loss", Figures.value(kept.training)))
      if let heldOut = kept.heldOut {
        figures.append(("held-out loss", Figures.value(heldOut)))
      }
    }
    if let calibration = content.calibration {
      figures.append(
        (
          "shared threshold",
          calibration.shared.map { Figures.value($0.value) } ?? Figures.absent
        ))
    }
    return figures
  }
}
