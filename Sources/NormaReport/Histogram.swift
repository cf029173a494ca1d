import NormaCore

/// How often scores occur among normal and among anomalous pictures, in bins of equal width.
///
/// A bin's edge lies on the threshold, so every bin is wholly on one side of it and the bins beyond
/// hold exactly the false alarms and the misses.
package struct ScoreHistogram: Sendable {
  /// The lower edge of the first bin.
  package let lower: Double
  /// Of each bin, on the scale of the scores.
  package let width: Double
  /// Pictures of each class by bin.
  package let normal: [Int]
  package let anomalous: [Int]
  /// The first bin above the threshold; nil without a threshold.
  package let firstFlagged: Int?

  package var count: Int { normal.count }
  package var upper: Double { edge(count) }

  /// The lower edge of bin `index`.
  package func edge(_ index: Int) -> Double { lower + Double(index) * width }

  /// - Parameters:
  ///   - threshold: scores above it are flagged.
  ///   - others: further values that the bins have to reach.
  ///   - bins: about how many bins to use.
  /// - Returns: nil when either class has no finite score.
  package init?(
    normal: [Double], anomalous: [Double], threshold: Double?, reaching others: [Double] = [],
    bins: Int = 40
  ) {
    let normal = normal.filter(\.isFinite)
    let anomalous = anomalous.filter(\.isFinite)
    guard !normal.isEmpty, !anomalous.isEmpty else { return nil }
    let threshold = threshold.flatMap { $0.isFinite ? $0 : nil }
    let all = normal + anomalous + others.filter(\.isFinite) + (threshold.map { [$0] } ?? [])
    guard let least = all.min(), let greatest = all.max() else { return nil }
    let span = greatest - least
    let width = span > abs(greatest) * 1e-9 ? span / Double(bins) : max(abs(greatest), 1) / 100
    // Below the lowest score by a part of a bin, so that bins may leave out their lower edge.
    let anchor = threshold ?? least
    let below = ((anchor - least) / width).rounded(.down) + 1
    let lower = anchor - below * width
    let count = max(1, Int(((greatest - lower) / width - 1e-9).rounded(.up)))
    let flagged = threshold == nil ? nil : Int(below)

    func counts(_ scores: [Double]) -> [Int] {
      var counts = [Int](repeating: 0, count: max(count, (flagged ?? 0) + 1))
      for score in scores {
        var bin = Int(((score - lower) / width).rounded(.up)) - 1
        // Rounding must not carry a score over the threshold.
        if let threshold, let flagged {
          bin = score > threshold ? max(bin, flagged) : min(bin, flagged - 1)
        }
        counts[min(counts.count - 1, max(0, bin))] += 1
      }
      return counts
    }
    self.lower = lower
    self.width = width
    self.normal = counts(normal)
    self.anomalous = counts(anomalous)
    self.firstFlagged = flagged
  }
}

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
      ("bar normal", Figures.count(category.normalCount) + " normal"),
      ("bar anomalous", Figures.count(category.anomalousCount) + " anomalous"),
    ]
    if let shared = category.shared {
      entries.append(("stroke shared", "shared threshold " + Figures.value(shared.threshold)))
    }
    if let own = category.own {
      entries.append(("stroke own", "own threshold " + Figures.value(own.threshold)))
    }
    return entries
  }

  private var description: String {
    "Histogram of the scores of \(Figures.count(category.normalCount)) normal and "
      + "\(Figures.count(category.anomalousCount)) anomalous pictures of \(category.name)."
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
          "x": Chart.position(left),
          "width": Chart.position(axis.position(bins.edge(bin + 1)) - left),
          "y": Chart.position(isNormal ? 0.5 - height : 0.5),
          "height": Chart.position(height),
        ]
      ) {
        Markup("title") {
          "\(Figures.value(bins.edge(bin))) to \(Figures.value(bins.edge(bin + 1))): "
            + Figures.count(count) + (isNormal ? " normal" : " anomalous")
            + (isWrong ? (isNormal ? ", falsely flagged" : ", missed") : "")
        }
      }
    }
    Chart.row(
      at: isNormal ? 0.5 - Self.reach : 0.5 + Self.reach, label: Figures.count(greatest))
  }

  @MarkupBuilder
  private func thresholds(_ axis: ChartAxis) -> Markup {
    if let shared = category.shared, shared.threshold.isFinite {
      Chart.upright(
        at: axis.position(shared.threshold), style: "shared",
        hint: "shared threshold \(Figures.value(shared.threshold))")
    }
    if let own = category.own, own.threshold.isFinite {
      Chart.upright(
        at: axis.position(own.threshold), style: "own",
        hint: "own threshold \(Figures.value(own.threshold))")
    }
  }
}
