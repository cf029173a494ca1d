/// The parts that every chart of a report shares.
///
/// A chart is an SVG without a view box, placed by per cent inside a padded block: its lines follow
/// the page's width while its text keeps one size, on a telephone as on a desk. Curves lie in a
/// nested SVG that stretches, with strokes that do not.
enum Chart {
  /// The side of the nested, stretching coordinate system.
  static let side = 1000.0

  /// A chart of a kind (its style class) with a description for those who do not see it.
  static func frame(
    _ kind: String, description: String, @MarkupBuilder content: () -> Markup
  ) -> Markup {
    Markup("div", ["class": "chart \(kind)"]) {
      Markup(
        "svg", ["role": "img", "aria-label": description, "width": "100%", "height": "100%"],
        content: content)
    }
  }

  /// Horizontal lines with their values to the left.
  @MarkupBuilder
  static func rows(_ axis: ChartAxis) -> Markup {
    for tick in axis.ticks {
      row(at: 1 - axis.position(tick.value), label: tick.label)
    }
  }

  @MarkupBuilder
  static func row(at fraction: Double, label: String) -> Markup {
    let y = ReportNumbers.position(fraction)
    Markup("line", ["class": "grid", "x1": "0", "x2": "100%", "y1": y, "y2": y])
    Markup("text", ["x": "0", "dx": "-8", "y": y, "dy": "0.34em", "text-anchor": "end"]) { label }
  }

  /// Values below the chart, and what they are.
  @MarkupBuilder
  static func columns(_ axis: ChartAxis, title: String) -> Markup {
    for tick in axis.ticks {
      let x = ReportNumbers.position(axis.position(tick.value))
      Markup("line", ["class": "tick", "x1": x, "x2": x, "y1": "100%", "y2": "100%"])
      Markup("text", ["x": x, "y": "100%", "dy": "17", "text-anchor": "middle"]) { tick.label }
    }
    Markup("text", ["class": "title", "x": "100%", "y": "100%", "dy": "34", "text-anchor": "end"]) {
      title
    }
  }

  /// A layer whose coordinates run from 0 to ``side`` both ways and stretch with the chart.
  static func stretched(@MarkupBuilder content: () -> Markup) -> Markup {
    Markup(
      "svg",
      [
        "class": "curves", "width": "100%", "height": "100%", "viewBox": "0 0 1000 1000",
        "preserveAspectRatio": "none",
      ], content: content)
  }

  /// A curve in the stretched layer; positions from 0 to 1, upwards.
  static func curve(_ points: [(x: Double, y: Double)], style: String) -> Markup {
    let text = points.map { point in
      "\(coordinate(point.x)),\(coordinate(1 - point.y))"
    }
    return Markup("polyline", ["class": "curve \(style)", "points": text.joined(separator: " ")])
  }

  /// An upright line over the chart's whole height.
  static func upright(at fraction: Double, style: String, hint: String) -> Markup {
    let x = ReportNumbers.position(fraction)
    return Markup("line", ["class": "upright \(style)", "x1": x, "x2": x, "y1": "0", "y2": "100%"])
    { Markup("title") { hint } }
  }

  /// A dot; positions from 0 to 1, upwards.
  static func dot(x: Double, y: Double, radius: String = "4", style: String, hint: String)
    -> Markup
  {
    Markup(
      "circle",
      [
        "class": "dot \(style)", "cx": ReportNumbers.position(x),
        "cy": ReportNumbers.position(1 - y), "r": radius,
      ]
    ) { Markup("title") { hint } }
  }

  /// The line above a chart that says what its colours and strokes mean.
  static func legend(_ entries: [(style: String, text: String)]) -> Markup {
    Markup("ul", ["class": "legend"]) {
      for entry in entries {
        Markup("li") {
          Markup("span", ["class": "key \(entry.style)"])
          entry.text
        }
      }
    }
  }

  private static func coordinate(_ fraction: Double) -> String {
    let tenths = Int((fraction * side * 10).rounded())
    return tenths % 10 == 0 ? "\(tenths / 10)" : "\(Double(tenths) / 10)"
  }
}
