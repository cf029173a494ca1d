import NormaCore

/// How far the model's probabilities hold: on anomalies made up on held-out pictures, and on defects.
struct ReliabilitySection {
  private let made: ReliabilityDiagram?
  private let found: ReliabilityDiagram?

  /// Nil where there is nothing to show.
  init?(_ content: ReportContent) {
    made = content.reliability
    found = content.evaluation?.reliability
    guard made != nil || found != nil else { return nil }
  }

  func markup() -> Markup {
    Markup("section", ["id": "reliability"]) {
      Markup("h2") { "Probabilities" }
      Markup("p", ["class": "prose"]) {
        "The model says of each token of a picture with which probability it is anomalous. Where "
          + "that holds, the points lie on the broken line: of the tokens that were called "
          + "anomalous with 30\u{A0}%, 30\u{A0}% are. Below the line it says too much, above it too "
          + "little. The expected calibration error is the mean distance from the line, each point "
          + "weighed by its tokens."
      }
      Markup("div", ["class": "reliabilities"]) {
        if let made {
          ReliabilityChart(title: "Made-up anomalies on held-out pictures", diagram: made).markup()
        }
        if let found {
          ReliabilityChart(
            title: "Defects of the test pictures, as marked", diagram: found
          ).markup()
        }
      }
    }
  }
}
