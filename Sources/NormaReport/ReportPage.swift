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
      if let portraits = content.portraits, !portraits.isEmpty {
        PortraitSection(portraits: portraits).markup()
      }
      if let losses = content.losses {
        TrainingSection(history: losses).markup()
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
    if content.portraits?.isEmpty == false { links.append(("inside", "Inside")) }
    if content.losses != nil { links.append(("training", "Training")) }
    return links + [("model", "Model")]
  }
}
