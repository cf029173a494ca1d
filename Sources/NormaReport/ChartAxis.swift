import Foundation

/// One axis of a chart: which values it covers, where a value lies on it, and its ticks.
package struct ChartAxis: Sendable {
  package enum Scale: Sendable { case linear, logarithmic }

  package struct Tick: Sendable, Equatable {
    package var value: Double
    package var label: String
  }

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
