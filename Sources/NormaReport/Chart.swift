import Foundation

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
    let y = position(fraction)
    Markup("line", ["class": "grid", "x1": "0", "x2": "100%", "y1": y, "y2": y])
    Markup("text", ["x": "0", "dx": "-8", "y": y, "dy": "0.34em", "text-anchor": "end"]) { label }
  }

  /// Values below the chart, and what they are.
  @MarkupBuilder
  static func columns(_ axis: ChartAxis, title: String) -> Markup {
    for tick in axis.ticks {
      let x = position(axis.position(tick.value))
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
    let x = position(fraction)
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
        "class": "dot \(style)", "cx": position(x),
        "cy": position(1 - y), "r": radius,
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

  /// A coordinate in per cent of a chart's side, short.
  static func position(_ fraction: Double) -> String {
    String(format: "%.2f%%", fraction * 100)
  }

  private static func coordinate(_ fraction: Double) -> String {
    let tenths = Int((fraction * side * 10).rounded())
    return tenths % 10 == 0 ? "\(tenths / 10)" : "\(Double(tenths) / 10)"
  }
}

/// One axis of a chart: which values it covers, where a value lies on it, and its ticks.
package struct ChartAxis: Sendable {
  /// How values become places.
  package enum Scale: Sendable { case linear, logarithmic }

  /// A mark on the axis and what stands beside it.
  package struct Tick: Sendable, Equatable {
    package var value: Double
    package var label: String
  }

  /// The values at its two ends.
  package let lower: Double
  package let upper: Double
  package let scale: Scale
  package let ticks: [Tick]

  /// Where `value` lies, from 0 at the lower end to 1 at the upper; values outside are held there.
  package func position(_ value: Double) -> Double {
    let fraction: Double
    switch scale {
    case .linear: fraction = (value - lower) / (upper - lower)
    case .logarithmic:
      guard value > 0 else { return 0 }
      fraction = log10(value / lower) / log10(upper / lower)
    }
    return min(1, max(0, fraction))
  }

  /// A linear axis over `values`, widened to the next ticks unless `isTight`.
  ///
  /// Values that are not finite are ignored; nil when none is left.
  package static func linear(
    _ values: [Double], count: Int = 5, isTight: Bool = false, wholeNumbers: Bool = false
  ) -> ChartAxis? {
    guard var (lower, upper) = range(values.filter(\.isFinite)) else { return nil }
    if upper - lower <= abs(upper) * 1e-9 {
      let margin = max(abs(upper) * 0.1, 0.5)
      (lower, upper) = (lower - margin, upper + margin)
    }
    let step = niceStep((upper - lower) / Double(count), wholeNumbers: wholeNumbers)
    if !isTight {
      lower = (lower / step).rounded(.down) * step
      upper = (upper / step).rounded(.up) * step
    }
    return ChartAxis(
      lower: lower, upper: upper, scale: .linear,
      ticks: linearTicks(from: lower, to: upper, step: step))
  }

  /// A logarithmic axis over the positive ones of `values`; nil when there is none.
  package static func logarithmic(_ values: [Double]) -> ChartAxis? {
    guard let (least, greatest) = range(values.filter { $0 > 0 && $0.isFinite }) else { return nil }
    let padding = max(pow(greatest / least, 0.04), 1.02)
    let (lower, upper) = (least / padding, greatest * padding)
    let decades = Int(log10(lower).rounded(.down))...Int(log10(upper).rounded(.up))
    for multiples in [[1.0], [1, 3], [1, 2, 5], [1, 1.5, 2, 3, 4, 5, 6, 7, 8]] {
      let values = decades.flatMap { decade in multiples.map { $0 * pow(10, Double(decade)) } }
        .filter { $0 >= lower && $0 <= upper }
      if values.count >= 4 {
        // Many decades: not more labels than fit.
        let stride = (values.count + 6) / 7
        let ticks = values.enumerated().filter { $0.offset % stride == 0 }.map {
          Tick(value: $0.element, label: logarithmicLabel($0.element))
        }
        return ChartAxis(lower: lower, upper: upper, scale: .logarithmic, ticks: ticks)
      }
    }
    // So narrow that evenly spaced ticks serve better.
    let step = niceStep((upper - lower) / 4, wholeNumbers: false)
    return ChartAxis(
      lower: lower, upper: upper, scale: .logarithmic,
      ticks: linearTicks(from: lower, to: upper, step: step))
  }

  /// From 0 to 1, in per cent.
  static let percent = ChartAxis(
    lower: 0, upper: 1, scale: .linear,
    ticks: [0, 25, 50, 75, 100].map { Tick(value: Double($0) / 100, label: String($0)) })

  private static func range(_ values: [Double]) -> (Double, Double)? {
    guard let least = values.min(), let greatest = values.max() else { return nil }
    return (least, greatest)
  }

  /// The smallest of 1, 2, 5 times a power of ten that is at least `rough`.
  private static func niceStep(_ rough: Double, wholeNumbers: Bool) -> Double {
    let power = pow(10, log10(rough).rounded(.down))
    let step = [1, 2, 5, 10].map { $0 * power }.first { $0 >= rough * 0.999 } ?? 10 * power
    return wholeNumbers ? max(1, step.rounded()) : step
  }

  private static func linearTicks(from lower: Double, to upper: Double, step: Double) -> [Tick] {
    let decimals = max(0, Int((-log10(step) - 1e-9).rounded(.up)))
    let first = (lower / step - 1e-9).rounded(.up)
    let last = (upper / step + 1e-9).rounded(.down)
    guard first <= last, last - first < 100 else { return [] }
    return stride(from: first, through: last, by: 1).map { index in
      // Adding zero turns a negative zero into zero.
      let value = index * step + 0
      let label =
        decimals > 6 || abs(value) >= 1e7
        ? String(format: "%.3g", value) : String(format: "%.\(decimals)f", value)
      return Tick(value: value, label: label)
    }
  }

  private static func logarithmicLabel(_ value: Double) -> String {
    value >= 0.0009 && value < 1e6 ? String(format: "%g", value) : String(format: "%.0e", value)
  }
}
