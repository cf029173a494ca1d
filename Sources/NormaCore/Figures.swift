import Foundation

/// Figures as people read them, on a page and on a terminal alike, whatever the machine's locale.
///
/// A figure with a unit comes from ``page``, where a line must not break between the two, or from
/// ``terminal``.
public enum Figures {
  /// What stands where there is no figure.
  public static let absent = "–"

  /// For pages: a no-break space stands before a unit.
  public static let page = Units(space: "\u{A0}")
  /// For terminals: a plain space stands before a unit.
  public static let terminal = Units(space: " ")

  /// A metric of 0…1 in per cent without the sign: `98.4`.
  public static func metric(_ fraction: Double?, decimals: Int = 1) -> String {
    guard let fraction, fraction.isFinite else { return absent }
    return String(format: "%.\(decimals)f", fraction * 100)
  }

  /// A difference of metrics in points, with its sign: `+0.3`, `−1.2`.
  public static func difference(_ fraction: Double) -> String {
    (fraction < 0 ? "−" : "+") + metric(abs(fraction))
  }

  /// A score, threshold or loss to four significant digits, at their places: `0.3457`, `12.30`.
  public static func value(_ value: Double?) -> String {
    guard let value, value.isFinite else { return absent }
    switch abs(value) {
    case 0: return "0"
    case 1000...1e7: return String(format: "%.0f", value)
    case 100..<1000: return String(format: "%.1f", value)
    case 10..<100: return String(format: "%.2f", value)
    case 1..<10: return String(format: "%.3f", value)
    case 0.1..<1: return String(format: "%.4f", value)
    case 0.01..<0.1: return String(format: "%.5f", value)
    default: return String(format: "%.2e", value)
    }
  }

  /// Any number to so many significant digits, without noughts at its end: `0.3457`, `12.3`.
  public static func number(_ value: Double, digits: Int = 4) -> String {
    String(format: "%.\(digits)g", value)
  }

  /// A verdict's level, which never reads as on the other side of 1 than it is: `0.99`, `1.01`, `12.3`.
  public static func level(_ value: Double) -> String {
    if value >= 10 { return String(format: value < 100 ? "%.1f" : "%.0f", value) }
    let hundredths = (value * 100).rounded(value > 1 ? .up : .down)
    return String(format: "%.2f", hundredths / 100)
  }

  /// A conformal p-value: `0.048`.
  public static func pValue(_ value: Double?) -> String {
    guard let value, value.isFinite else { return absent }
    return value < 0.001 ? String(format: "%.1e", value) : String(format: "%.3f", value)
  }

  /// A whole number with its thousands apart: `1,198`.
  public static func count(_ number: Int) -> String {
    var digits = String(number.magnitude)
    var groups: [String] = []
    while digits.count > 3 {
      groups.insert(String(digits.suffix(3)), at: 0)
      digits.removeLast(3)
    }
    groups.insert(digits, at: 0)
    return (number < 0 ? "-" : "") + groups.joined(separator: ",")
  }

  /// A number with its noun, thousands apart: `1 picture`, `1,198 pictures`.
  public static func count(_ number: Int, _ one: String, _ many: String) -> String {
    "\(count(number)) \(number == 1 ? one : many)"
  }

  /// A time on a terminal, to whole seconds: `7 s`, `3 min 20 s`, `2 h 5 min`.
  public static func duration(_ seconds: Double) -> String {
    let whole = Int(seconds.rounded())
    if whole < 60 { return "\(whole) s" }
    if whole < 3600 { return "\(whole / 60) min \(whole % 60) s" }
    return "\(whole / 3600) h \(whole % 3600 / 60) min"
  }

  /// Figures with units.
  public struct Units: Sendable {
    /// What stands between a figure and its unit.
    fileprivate let space: String

    /// A share of 0…1 in per cent: `1.6 %`.
    public func percent(_ fraction: Double?, decimals: Int = 1) -> String {
      guard let fraction, fraction.isFinite else { return absent }
      return metric(fraction, decimals: decimals) + space + "%"
    }

    /// A share of 0…1 in per cent, to so many significant digits: `1.6 %`, `0.053 %`.
    public func percent(_ fraction: Double, digits: Int) -> String {
      number(fraction * 100, digits: digits) + space + "%"
    }

    /// A share of 0…1 in per cent: `1.6 %`, and `0.05 %` where one decimal would say nothing.
    public func share(_ fraction: Double?) -> String {
      guard let fraction, fraction.isFinite else { return absent }
      let percent = fraction * 100
      return self.percent(fraction, decimals: percent != 0 && abs(percent) < 0.95 ? 2 : 1)
    }

    /// A time as people say it: `3.1 s`, `14 min 20 s`, `2 h 1 min`.
    public func duration(_ seconds: Double?) -> String {
      guard let seconds, seconds.isFinite, seconds >= 0, seconds < 1e9 else { return absent }
      let whole = Int(seconds.rounded())
      let (hours, minutes, rest) = (whole / 3600, whole / 60 % 60, whole % 60)
      if hours > 0 { return "\(hours)\(space)h \(minutes)\(space)min" }
      if minutes > 0 {
        return rest > 0
          ? "\(minutes)\(space)min \(rest)\(space)s" : "\(minutes)\(space)min"
      }
      return seconds < 10 ? String(format: "%.1f", seconds) + "\(space)s" : "\(rest)\(space)s"
    }
  }
}

/// A number with a noun whose plural ends in s: `1 file`, `3 files`.
package func counted(_ count: Int, _ noun: String) -> String {
  "\(count) \(noun)\(count == 1 ? "" : "s")"
}
