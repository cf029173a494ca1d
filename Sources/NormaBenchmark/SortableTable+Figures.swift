import NormaCore
import NormaReport

/// What the figures of a plan look like.
extension SortableTable.Cell {
  /// A metric over seeds in per cent: `98.4 ± 0.2`, with the bootstrap's bounds below.
  static func metric(_ spread: Spread?, _ interval: Bootstrap.Interval? = nil) -> Self {
    guard let spread else { return Self(Figures.absent, value: .nan) }
    let deviation = spread.deviation.map { " ± " + Figures.metric($0) } ?? ""
    let bounds = interval.map { bounds in
      Markup("span", ["class": "interval"]) {
        " \(Figures.metric(bounds.low))…\(Figures.metric(bounds.high))"
      }
    }
    return Self(
      Markup("span") {
        Figures.metric(spread.mean) + deviation
        bounds
      }, value: spread.mean)
  }

  /// A plain number over seeds.
  static func number(_ spread: Spread?, _ text: (Double) -> String) -> Self {
    guard let spread else { return Self(Figures.absent, value: .nan) }
    let deviation = spread.deviation.map { " ± " + text($0) } ?? ""
    return Self(text(spread.mean) + deviation, value: spread.mean)
  }

  /// A count as a whole number; a mean of several with a decimal.
  static func count(_ value: Double) -> String {
    let isWhole = value == value.rounded() && abs(value) < 1e15
    return isWhole ? Figures.count(Int(value)) : Figures.metric(value / 100)
  }

  /// A paper's figure, in per cent already, and how far the measured one is from it.
  static func published(_ figure: Double?, measured: Spread?) -> [Self] {
    guard let figure else {
      return [Self(Figures.absent, value: .nan), Self(Figures.absent, value: .nan)]
    }
    let known = Self(Figures.metric(figure / 100), value: figure, style: "quiet")
    guard let measured else { return [known, Self(Figures.absent, value: .nan)] }
    return [known, .difference(measured.mean - figure / 100)]
  }

  /// A difference of fractions, in per cent points with its sign.
  static func difference(_ value: Double) -> Self {
    let text = (value < 0 ? "−" : "+") + Figures.metric(abs(value))
    return Self(text, value: value, style: value < 0 ? "worse" : "better")
  }
}
