import Foundation

extension Calibration {
  /// For the terminal: where the thresholds come from and what they promise.
  public var summary: String {
    guard let shared else {
      return
        "Uncalibrated: the model gives scores, not verdicts. 'norma calibrate' sets thresholds "
        + "from new normal pictures."
    }
    var lines = [
      "Thresholds, \(status):",
      "  all categories  " + Self.text(shared),
    ]
    let width = categories.keys.map(\.count).max() ?? 0
    for (name, threshold) in categories.sorted(by: { $0.key < $1.key }) {
      let padded = name.padding(toLength: max(width, 14), withPad: " ", startingAt: 0)
      lines.append("  \(padded)  " + Self.text(threshold))
    }
    if shared.rate > falseAlarmRate {
      lines.append(
        "  \(counted(shared.pictures, "normal picture")) cannot support a false-alarm rate of "
          + "\(Figures.terminal.percent(falseAlarmRate, digits: 2)): the stated rate is the smallest that they do. "
          + "That rate takes \(Threshold.pictures(for: falseAlarmRate))."
      )
    }
    return lines.joined(separator: "\n")
  }

  private static func text(_ threshold: Threshold) -> String {
    let value = Figures.number(Double(threshold.value))
    let tail = threshold.extrapolated ? ", extrapolated" : ""
    return
      "anomalous above \(value); false alarms \(Figures.terminal.percent(threshold.rate, digits: 2))"
      + " (\(counted(threshold.pictures, "picture"))\(tail))"
  }
}
