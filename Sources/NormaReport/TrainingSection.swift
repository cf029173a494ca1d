/// How the loss fell, and which epoch was kept.
struct TrainingSection {
  let history: ReportContent.LossHistory

  func markup() -> Markup? {
    let chart = LossChart(history: history)
    let linear = chart.markup(.linear)
    let logarithmic = chart.markup(.logarithmic)
    guard linear != nil || logarithmic != nil else { return nil }
    let opensLogarithmic = linear == nil || (history.scale == .logarithmic && logarithmic != nil)
    return Markup("section", ["id": "training"]) {
      Markup("h2") { "Training" }
      Markup("p", ["class": "prose"]) { text }
      Markup("div", ["class": "scales"]) {
        if linear != nil, logarithmic != nil {
          choice("loss-logarithmic", "logarithmic", isChecked: opensLogarithmic)
          choice("loss-linear", "linear", isChecked: !opensLogarithmic)
        }
        Chart.legend(legend(chart))
        if let logarithmic {
          Markup("div", ["class": linear == nil ? nil : "on-logarithmic"]) { logarithmic }
        }
        if let linear {
          Markup("div", ["class": logarithmic == nil ? nil : "on-linear"]) { linear }
        }
      }
    }
  }

  /// A radio button with its label; style alone shows the chart of the one that is on.
  @MarkupBuilder
  private func choice(_ identifier: String, _ text: String, isChecked: Bool) -> Markup {
    Markup(
      "input",
      [
        "type": "radio", "name": "loss-scale", "id": identifier, "class": "unseen",
        "checked": isChecked ? "checked" : nil,
      ])
    Markup("label", ["for": identifier]) { text }
  }

  private func legend(_ chart: LossChart) -> [(style: String, text: String)] {
    var entries = [("stroke training", "training loss")]
    if chart.hasHeldOut { entries.append(("stroke held-out", "held-out loss")) }
    if let kept = history.keptEpoch { entries.append(("stroke kept", "kept: epoch \(kept)")) }
    return entries
  }

  private var text: String {
    guard let last = history.epochs.last else { return "" }
    let kept = history.epochs.first { $0.number == history.keptEpoch } ?? last
    var text =
      "The model holds the weights of epoch \(kept.number) of \(last.number): training loss "
      + ReportNumbers.value(kept.training)
    if let heldOut = kept.heldOut {
      text += ", loss on held-out pictures \(ReportNumbers.value(heldOut))"
    }
    return text + "."
  }
}
