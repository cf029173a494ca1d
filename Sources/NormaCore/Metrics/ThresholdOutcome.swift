/// What a shipped threshold does on labelled pictures.
public struct ThresholdOutcome: Codable, Sendable, Equatable {
  /// The threshold; `nil` where several were at work, as in a sum over categories.
  public var threshold: Float?
  /// Normal pictures above it.
  public var falseAlarms: Int
  /// Anomalous pictures not above it.
  public var misses: Int

  public init(threshold: Float?, falseAlarms: Int, misses: Int) {
    self.threshold = threshold
    self.falseAlarms = falseAlarms
    self.misses = misses
  }

  /// Counts what `threshold` does to `pictures`; anomalous is what scores above it.
  public init(threshold: Float, pictures: [ScoredPicture]) {
    self.threshold = threshold
    falseAlarms = pictures.count { !$0.isAnomalous && $0.score > threshold }
    misses = pictures.count { $0.isAnomalous && !($0.score > threshold) }
  }

  /// F1 = 2TP / (2TP + FP + FN) of this threshold; nil without anomalous pictures.
  /// - Parameter anomalous: how many pictures are anomalous.
  public func f1(anomalous: Int) -> Double? {
    guard anomalous > 0 else { return nil }
    let found = Double(anomalous - misses)
    return 2 * found / (2 * found + Double(falseAlarms) + Double(misses))
  }

  /// The sum of several outcomes; the threshold stays where all share it. `nil` for none.
  static func sum(_ outcomes: [ThresholdOutcome]) -> ThresholdOutcome? {
    guard let first = outcomes.first else { return nil }
    let isOne = outcomes.allSatisfy { $0.threshold == first.threshold }
    return ThresholdOutcome(
      threshold: isOne ? first.threshold : nil,
      falseAlarms: outcomes.reduce(0) { $0 + $1.falseAlarms },
      misses: outcomes.reduce(0) { $0 + $1.misses })
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(threshold, forKey: .threshold)
    try container.encode(falseAlarms, forKey: .falseAlarms)
    try container.encode(misses, forKey: .misses)
  }
}
