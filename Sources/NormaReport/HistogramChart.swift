/// The chart of a category's scores: normal pictures rise from the middle line, anomalous ones hang
/// from it, so that neither hides the other.
struct HistogramChart {
  let category: ReportContent.Category
  let deciding: ReportContent.Evaluation.Deciding

  /// The share of the chart's height that the tallest bar of either class takes.
  private static let reach = 0.46

  func markup() -> Markup? {
    let outcome = category.outcome(deciding)
    guard
      let bins = ScoreHistogram(
        normal: category.normalScores, anomalous: category.anomalousScores,
        threshold: outcome?.threshold,
        reaching: [category.shared, category.own].compactMap { $0?.threshold }),
      let axis = ChartAxis.linear([bins.lower, bins.upper], count: 8, isTight: true)
    else { return nil }
    return Markup("figure", ["class": "scores"]) {
      Chart.legend(legend)
      Chart.frame("histogram", description: description) {
        Chart.columns(axis, title: "score")
        Chart.row(at: 0.5, label: "0")
        half(bins, axis, counts: bins.normal, isNormal: true)
        half(bins, axis, counts: bins.anomalous, isNormal: false)
        thresholds(axis)
      }
    }
  }

  private var legend: [(style: String, text: String)] {
    var entries = [
      ("bar normal", ReportNumbers.count(category.normalCount) + " normal"),
      ("bar anomalous", ReportNumbers.count(category.anomalousCount) + " anomalous"),
    ]
    if let shared = category.shared {
      entries.append(("stroke shared", "shared threshold " + ReportNumbers.value(shared.threshold)))
    }
    if let own = category.own {
      entries.append(("stroke own", "own threshold " + ReportNumbers.value(own.threshold)))
    }
    return entries
  }

  private var description: String {
    "Histogram of the scores of \(ReportNumbers.count(category.normalCount)) normal and "
      + "\(ReportNumbers.count(category.anomalousCount)) anomalous pictures of \(category.name)."
  }

  /// The bars of one class; those on the wrong side of the threshold stand out.
  @MarkupBuilder
  private func half(_ bins: ScoreHistogram, _ axis: ChartAxis, counts: [Int], isNormal: Bool)
    -> Markup
  {
    let greatest = max(1, counts.max() ?? 1)
    for (bin, count) in counts.enumerated() where count > 0 {
      let height = Double(count) / Double(greatest) * Self.reach
      let left = axis.position(bins.edge(bin))
      let isFlagged = bins.firstFlagged.map { bin >= $0 }
      let isWrong = isFlagged == isNormal
      Markup(
        "rect",
        [
          "class": "bar \(isNormal ? "normal" : "anomalous")\(isWrong ? " wrong" : "")",
          "x": ReportNumbers.position(left),
          "width": ReportNumbers.position(axis.position(bins.edge(bin + 1)) - left),
          "y": ReportNumbers.position(isNormal ? 0.5 - height : 0.5),
          "height": ReportNumbers.position(height),
        ]
      ) {
        Markup("title") {
          "\(ReportNumbers.value(bins.edge(bin))) to \(ReportNumbers.value(bins.edge(bin + 1))): "
            + ReportNumbers.count(count) + (isNormal ? " normal" : " anomalous")
            + (isWrong ? (isNormal ? ", falsely flagged" : ", missed") : "")
        }
      }
    }
    Chart.row(
      at: isNormal ? 0.5 - Self.reach : 0.5 + Self.reach, label: ReportNumbers.count(greatest))
  }

  @MarkupBuilder
  private func thresholds(_ axis: ChartAxis) -> Markup {
    if let shared = category.shared, shared.threshold.isFinite {
      Chart.upright(
        at: axis.position(shared.threshold), style: "shared",
        hint: "shared threshold \(ReportNumbers.value(shared.threshold))")
    }
    if let own = category.own, own.threshold.isFinite {
      Chart.upright(
        at: axis.position(own.threshold), style: "own",
        hint: "own threshold \(ReportNumbers.value(own.threshold))")
    }
  }
}
