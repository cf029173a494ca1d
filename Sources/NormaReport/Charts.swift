import NormaCore

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
    "ROC curve of \(category.name), image AUROC \(Figures.metric(category.metrics.imageAUROC))."
  }

  /// The curve's corners, with their rates under the pointer.
  @MarkupBuilder
  private func hints(_ points: [ReportContent.CurvePoint]) -> Markup {
    let step = points.count / 100 + 1
    for (index, point) in points.enumerated() where index % step == 0 {
      Chart.dot(
        x: point.falsePositiveRate, y: point.truePositiveRate, radius: "6", style: "hint",
        hint: Figures.page.share(point.truePositiveRate) + " caught at "
          + Figures.page.share(point.falsePositiveRate) + " false alarms")
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
      hint: "\(name): \(Figures.page.share(caught)) caught at "
        + "\(Figures.page.share(flagged)) false alarms")
  }
}

/// The chart of training and held-out loss by epoch.
struct LossChart {
  let history: LossHistory

  /// How the losses stand: along a logarithm unless they cannot, and as the reader chooses.
  enum Scale { case linear, logarithmic }

  /// An epoch with its number from 1.
  private typealias Epoch = (number: Int, training: Double, heldOut: Double?)

  /// The epochs with a loss that can be drawn.
  private var epochs: [Epoch] {
    history.epochs.enumerated().filter { $0.element.training.isFinite }
      .map { ($0.offset + 1, $0.element.training, $0.element.heldOut) }
  }

  private var losses: [Double] {
    epochs.map(\.training) + epochs.compactMap(\.heldOut)
  }

  var hasHeldOut: Bool { epochs.contains { $0.heldOut?.isFinite == true } }

  /// The chart on a scale; nil when that scale cannot show the losses.
  func markup(_ scale: Scale) -> Markup? {
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
    return "Loss by epoch: training loss from \(Figures.value(first.training)) in epoch "
      + "\(first.number) to \(Figures.value(last.training)) in epoch \(last.number)."
  }

  private func points(
    _ loss: (Epoch) -> Double?, _ horizontal: ChartAxis,
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
          "class": "hint", "x": Chart.position(center - width / 2), "y": "0",
          "width": Chart.position(width), "height": "100%",
        ]
      ) {
        Markup("title") {
          let heldOut = epoch.heldOut.map { ", held out \(Figures.value($0))" } ?? ""
          "epoch \(epoch.number): training \(Figures.value(epoch.training))\(heldOut)"
        }
      }
    }
  }
}

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
            hint: "said \(Figures.page.share(bin.probability)), are "
              + "\(Figures.page.share(bin.observed)): "
              + Figures.count(bin.count, "token", "tokens"))
        }
      }
      Markup("p", ["class": "note"]) {
        "Expected calibration error \(Figures.page.share(diagram.expectedCalibrationError)). Of "
          + Figures.count(diagram.count, "token", "tokens")
          + " \(Figures.page.share(diagram.observed)) are anomalous; the model says "
          + "\(Figures.page.share(diagram.probability)) in the mean."
      }
    }
  }

  private var description: String {
    "\(title): probabilities against what there was, expected calibration error "
      + Figures.page.share(diagram.expectedCalibrationError) + "."
  }
}

/// Lines over steps: how something falls or rises as a thing gets worse. The steps stand evenly, as they
/// were chosen, whatever their values.
package struct StepChart: Sendable {
  /// One line; its style is a class that ``PageShell/style`` may colour.
  package struct Line: Sendable {
    package var name: String
    package var style: String
    /// One value a step, from 0 to 1; nil where there is none.
    package var values: [Double?]

    package init(name: String, style: String, values: [Double?]) {
      (self.name, self.style, self.values) = (name, style, values)
    }
  }

  /// What the values are, in per cent.
  package var title: String
  /// What the steps are of.
  package var stepTitle: String
  /// What each step is called, from left to right.
  package var steps: [String]
  /// The step that the others are held against, marked by an upright line.
  package var reference: Int?
  package var lines: [Line]
  /// Whether the axis begins at 0 and ends at 100 per cent, or covers the values and 100 per cent.
  package var coversAll: Bool

  package init(
    title: String, stepTitle: String, steps: [String], reference: Int?, lines: [Line],
    coversAll: Bool
  ) {
    self.title = title
    self.stepTitle = stepTitle
    self.steps = steps
    self.reference = reference
    self.lines = lines
    self.coversAll = coversAll
  }

  /// The figure; nil when there is nothing to draw.
  package func markup() -> Markup? {
    let values = lines.flatMap(\.values).compactMap { $0 }.filter(\.isFinite).map { 100 * $0 }
    guard !values.isEmpty, let axis = ChartAxis.linear(values + (coversAll ? [0, 100] : [100]))
    else { return nil }
    return Markup("figure", ["class": "steps-figure"]) {
      Markup("p", ["class": "legend"]) { "\(title), %" }
      Chart.frame("steps", description: description) {
        Chart.rows(axis)
        Chart.columns(horizontal, title: stepTitle)
        if let reference {
          Chart.upright(at: position(reference), style: "kept", hint: "undisturbed")
        }
        Chart.stretched {
          for line in lines {
            Chart.curve(points(line, axis).map { ($0.x, $0.y) }, style: line.style)
          }
        }
        for line in lines {
          for point in points(line, axis) {
            Chart.dot(
              x: point.x, y: point.y, radius: "3.5", style: line.style,
              hint: "\(line.name), \(steps[point.step]): \(Figures.metric(point.value))")
          }
        }
      }
    }
  }

  /// The line above charts that says whose colour is which.
  package func legend() -> Markup {
    Chart.legend(lines.map { ("stroke \($0.style)", $0.name) })
  }

  private var horizontal: ChartAxis {
    ChartAxis(
      lower: 0, upper: 1, scale: .linear,
      ticks: steps.enumerated().map {
        ChartAxis.Tick(value: position($0.offset), label: $0.element)
      })
  }

  private func position(_ step: Int) -> Double {
    steps.count > 1 ? Double(step) / Double(steps.count - 1) : 0.5
  }

  private func points(
    _ line: Line, _ axis: ChartAxis
  ) -> [(step: Int, x: Double, y: Double, value: Double)] {
    line.values.enumerated().compactMap { step, value in
      guard let value, value.isFinite, steps.indices.contains(step) else { return nil }
      return (step, position(step), axis.position(100 * value), value)
    }
  }

  private var description: String {
    let parts = lines.map { line in
      let values = zip(steps, line.values).map { "\($0) \(Figures.metric($1))" }
      return "\(line.name): \(values.joined(separator: ", "))"
    }
    return "\(title) by \(stepTitle). \(parts.joined(separator: "; "))."
  }
}
