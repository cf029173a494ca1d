import NormaCore

/// What was said against what there was, a point a bin.
struct ReliabilityChart {
  let title: String
  let diagram: ReliabilityDiagram

  func markup() -> Markup {
    Markup("figure", ["class": "reliability-figure"]) {
      Markup("h3") { title }
      Markup("p", ["class": "legend"]) { "tokens that are anomalous, %" }
      Chart.frame("roc", description: description) {
        Chart.rows(.percent)
        Chart.columns(.percent, title: "said to be anomalous, %")
        Chart.stretched {
          Chart.curve([(0, 0), (1, 1)], style: "chance")
          Chart.curve(diagram.bins.map { ($0.probability, $0.observed) }, style: "roc-line")
        }
        for bin in diagram.bins {
          Chart.dot(
            x: bin.probability, y: bin.observed, style: "shared",
            hint: "said \(ReportNumbers.share(bin.probability)), are "
              + "\(ReportNumbers.share(bin.observed)): "
              + ReportNumbers.count(bin.count, "token", "tokens"))
        }
      }
      Markup("p", ["class": "note"]) {
        "Expected calibration error \(ReportNumbers.share(diagram.expectedCalibrationError)). Of "
          + ReportNumbers.count(diagram.count, "token", "tokens")
          + " \(ReportNumbers.share(diagram.observed)) are anomalous; the model says "
          + "\(ReportNumbers.share(diagram.probability)) in the mean."
      }
    }
  }

  private var description: String {
    "\(title): probabilities against what there was, expected calibration error "
      + ReportNumbers.share(diagram.expectedCalibrationError) + "."
  }
}
