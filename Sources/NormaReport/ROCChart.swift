/// The ROC curve of a category, with the points at which its thresholds work.
struct ROCChart {
  let category: ReportContent.Category

  func markup() -> Markup? {
    let points = category.roc.filter {
      $0.falsePositiveRate.isFinite && $0.truePositiveRate.isFinite
    }
    guard points.count >= 2 else { return nil }
    let axis = ChartAxis.percent
    return Markup("figure", ["class": "roc-figure"]) {
      Markup("p", ["class": "legend"]) { "anomalous pictures caught, %" }
      Chart.frame("roc", description: description) {
        Chart.rows(axis)
        Chart.columns(axis, title: "normal pictures flagged, %")
        Chart.stretched {
          Chart.curve([(0, 0), (1, 1)], style: "chance")
          Chart.curve(points.map { ($0.falsePositiveRate, $0.truePositiveRate) }, style: "roc-line")
        }
        hints(points)
        operatingPoint(category.own, style: "own", name: "own threshold")
        operatingPoint(category.shared, style: "shared", name: "shared threshold")
      }
    }
  }

  private var description: String {
    "ROC curve of \(category.name), image AUROC \(ReportNumbers.metric(category.metrics.imageAUROC))."
  }

  /// The curve's corners, with their rates under the pointer.
  @MarkupBuilder
  private func hints(_ points: [ReportContent.CurvePoint]) -> Markup {
    let step = points.count / 100 + 1
    for (index, point) in points.enumerated() where index % step == 0 {
      Chart.dot(
        x: point.falsePositiveRate, y: point.truePositiveRate, radius: "6", style: "hint",
        hint: ReportNumbers.share(point.truePositiveRate) + " caught at "
          + ReportNumbers.share(point.falsePositiveRate) + " false alarms")
    }
  }

  private func operatingPoint(_ outcome: ReportContent.Outcome?, style: String, name: String)
    -> Markup?
  {
    guard let outcome, category.normalCount > 0, category.anomalousCount > 0 else { return nil }
    let flagged = Double(outcome.falseAlarms) / Double(category.normalCount)
    let caught = 1 - Double(outcome.misses) / Double(category.anomalousCount)
    return Chart.dot(
      x: flagged, y: caught, style: style,
      hint: "\(name): \(ReportNumbers.share(caught)) caught at "
        + "\(ReportNumbers.share(flagged)) false alarms")
  }
}
