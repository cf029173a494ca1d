import Foundation

/// Numbers as a report writes them, whatever the machine's locale.
package enum ReportNumbers {
  /// What stands where there is no number.
  package static let absent = "–"

  /// A metric of 0…1 in per cent without the sign: `98.4`.
  package static func metric(_ fraction: Double?) -> String {
    guard let fraction, fraction.isFinite else { return absent }
    return String(format: "%.1f", fraction * 100)
  }

  /// A share of 0…1: `1.6 %`, and `0.05 %` where one decimal would say nothing.
  package static func share(_ fraction: Double?) -> String {
    guard let fraction, fraction.isFinite else { return absent }
    let percent = fraction * 100
    let decimals = percent != 0 && abs(percent) < 0.95 ? 2 : 1
    return String(format: "%.\(decimals)f\u{A0}%%", percent)
  }

  /// A score, threshold or loss to four significant digits.
  package static func value(_ value: Double?) -> String {
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

  /// A conformal p-value: `0.048`.
  package static func pValue(_ value: Double?) -> String {
    guard let value, value.isFinite else { return absent }
    return value < 0.001 ? String(format: "%.1e", value) : String(format: "%.3f", value)
  }

  /// A whole number with its thousands apart: `1,198`.
  package static func count(_ number: Int) -> String {
    var digits = String(number.magnitude)
    var groups: [String] = []
    while digits.count > 3 {
      groups.insert(String(digits.suffix(3)), at: 0)
      digits.removeLast(3)
    }
    groups.insert(digits, at: 0)
    return (number < 0 ? "-" : "") + groups.joined(separator: ",")
  }

  /// A number with its noun: `1 picture`, `63 pictures`.
  package static func count(_ number: Int, _ one: String, _ many: String) -> String {
    "\(count(number)) \(number == 1 ? one : many)"
  }

  /// A time as people say it: `14 min 20 s`.
  package static func duration(_ seconds: Double?) -> String {
    guard let seconds, seconds.isFinite, seconds >= 0, seconds < 1e9 else { return absent }
    let whole = Int(seconds.rounded())
    let (hours, minutes, rest) = (whole / 3600, whole / 60 % 60, whole % 60)
    if hours > 0 { return "\(hours)\u{A0}h \(minutes)\u{A0}min" }
    if minutes > 0 {
      return rest > 0 ? "\(minutes)\u{A0}min \(rest)\u{A0}s" : "\(minutes)\u{A0}min"
    }
    return seconds < 10 ? String(format: "%.1f\u{A0}s", seconds) : "\(rest)\u{A0}s"
  }

  /// A coordinate in per cent of a chart's side, short.
  static func position(_ fraction: Double) -> String {
    String(format: "%.2f%%", fraction * 100)
  }
}
