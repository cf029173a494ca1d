import ArgumentParser

/// The option `--false-alarm-rate`, the same for all verbs that have it.
public enum FalseAlarmRate {
  /// - Throws: `ValidationError` unless the rate is left out or lies in (0, 1).
  public static func validate(_ rate: Double?) throws {
    guard let rate, !(rate > 0 && rate < 1) else { return }
    throw ValidationError(
      "--false-alarm-rate is \(rate); it is a share above 0 and below 1, such as 0.01")
  }
}
