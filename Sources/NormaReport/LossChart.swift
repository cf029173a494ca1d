/// The chart of training and held-out loss by epoch.
struct LossChart {
  let history: ReportContent.LossHistory

  /// The epochs with a loss that can be drawn.
  private var epochs: [ReportContent.LossHistory.Epoch] {
    history.epochs.filter(\.training.isFinite)
  }

  private var losses: [Double] {
    epochs.map(\.training) + epochs.compactMap(\.heldOut)
  }

  var hasHeldOut: Bool { epochs.contains { $0.heldOut?.isFinite == true } }

  /// The chart on a scale; nil when that scale cannot show the losses.
  func markup(_ scale: ReportContent.LossHistory.Scale) -> Markup? {
    let vertical: ChartAxis?
    switch scale {
    case .linear: vertical = ChartAxis.linear(losses + [0])
    case .logarithmic:
      vertical = losses.allSatisfy { $0 > 0 || $0.isNaN } ? ChartAxis.logarithmic(losses) : nil
    }
    let numbers = epochs.map { Double($0.number) }
    guard let vertical,
      let horizontal = ChartAxis.linear(numbers, count: 8, isTight: true, wholeNumbers: true)
    else { return nil }
    return Chart.frame("loss", description: description) {
      Chart.rows(vertical)
      Chart.columns(horizontal, title: "epoch")
      kept(horizontal)
      Chart.stretched {
        Chart.curve(points(\.training, horizontal, vertical), style: "training")
        Chart.curve(points(\.heldOut, horizontal, vertical), style: "held-out")
      }
      ends(horizontal, vertical)
      hints(horizontal)
    }
  }

  private var description: String {
    guard let first = epochs.first, let last = epochs.last else { return "Loss by epoch." }
    return "Loss by epoch: training loss from \(ReportNumbers.value(first.training)) in epoch "
      + "\(first.number) to \(ReportNumbers.value(last.training)) in epoch \(last.number)."
  }

  private func points(
    _ loss: (ReportContent.LossHistory.Epoch) -> Double?, _ horizontal: ChartAxis,
    _ vertical: ChartAxis
  ) -> [(x: Double, y: Double)] {
    epochs.compactMap { epoch in
      guard let value = loss(epoch), value.isFinite else { return nil }
      return (horizontal.position(Double(epoch.number)), vertical.position(value))
    }
  }

  private func kept(_ horizontal: ChartAxis) -> Markup? {
    guard let number = history.keptEpoch, epochs.contains(where: { $0.number == number }) else {
      return nil
    }
    return Chart.upright(
      at: horizontal.position(Double(number)), style: "kept", hint: "kept: epoch \(number)")
  }

  /// Dots at the curves' ends, so that a single epoch shows as well.
  @MarkupBuilder
  private func ends(_ horizontal: ChartAxis, _ vertical: ChartAxis) -> Markup {
    if let end = points(\.training, horizontal, vertical).last {
      Chart.dot(x: end.x, y: end.y, radius: "3", style: "training", hint: "training")
    }
    if let end = points(\.heldOut, horizontal, vertical).last {
      Chart.dot(x: end.x, y: end.y, radius: "3", style: "held-out", hint: "held out")
    }
  }

  /// Invisible columns that say an epoch's numbers under the pointer.
  @MarkupBuilder
  private func hints(_ horizontal: ChartAxis) -> Markup {
    // More columns than pixels would only make the page heavy.
    let step = epochs.count / 400 + 1
    for (index, epoch) in epochs.enumerated() where index % step == 0 {
      let width = Double(step) / Double(epochs.count)
      let center = horizontal.position(Double(epoch.number))
      Markup(
        "rect",
        [
          "class": "hint", "x": ReportNumbers.position(center - width / 2), "y": "0",
          "width": ReportNumbers.position(width), "height": "100%",
        ]
      ) {
        Markup("title") {
          let heldOut = epoch.heldOut.map { ", held out \(ReportNumbers.value($0))" } ?? ""
          "epoch \(epoch.number): training \(ReportNumbers.value(epoch.training))\(heldOut)"
        }
      }
    }
  }
}
