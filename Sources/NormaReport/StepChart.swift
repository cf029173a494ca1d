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
              hint: "\(line.name), \(steps[point.step]): \(ReportNumbers.metric(point.value))")
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
      let values = zip(steps, line.values).map { "\($0) \(ReportNumbers.metric($1))" }
      return "\(line.name): \(values.joined(separator: ", "))"
    }
    return "\(title) by \(stepTitle). \(parts.joined(separator: "; "))."
  }
}
