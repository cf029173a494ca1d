extension ReportContent {
  /// A point of a ROC curve.
  public struct CurvePoint: Codable, Sendable, Equatable {
    /// The share of normal pictures called anomalous, 0…1.
    public var falsePositiveRate: Double
    /// The share of anomalous pictures called anomalous, 0…1.
    public var truePositiveRate: Double

    public init(falsePositiveRate: Double, truePositiveRate: Double) {
      self.falsePositiveRate = falsePositiveRate
      self.truePositiveRate = truePositiveRate
    }
  }

  /// The exact ROC curve of a set of scores, with the points on straight lines left out.
  ///
  /// Pictures with equal scores change sides together, which draws a slanted line.
  ///
  /// - Returns: points from (0, 0) to (1, 1), or none when either class is empty or a score is NaN.
  public static func rocCurve(normal: [Double], anomalous: [Double]) -> [CurvePoint] {
    guard !normal.isEmpty, !anomalous.isEmpty, !(normal + anomalous).contains(where: \.isNaN)
    else { return [] }
    let scored = (normal.map { ($0, false) } + anomalous.map { ($0, true) }).sorted {
      $0.0 > $1.0
    }
    var corners = [(falsePositives: 0, truePositives: 0)]
    var falsePositives = 0
    var truePositives = 0
    for (index, item) in scored.enumerated() {
      if item.1 { truePositives += 1 } else { falsePositives += 1 }
      let isTied = index + 1 < scored.count && scored[index + 1].0 == item.0
      if isTied { continue }
      if corners.count >= 2 {
        let last = corners[corners.count - 1]
        let before = corners[corners.count - 2]
        let cross =
          (last.falsePositives - before.falsePositives) * (truePositives - before.truePositives)
          - (last.truePositives - before.truePositives) * (falsePositives - before.falsePositives)
        if cross == 0 { corners.removeLast() }
      }
      corners.append((falsePositives, truePositives))
    }
    return corners.map {
      CurvePoint(
        falsePositiveRate: Double($0.falsePositives) / Double(normal.count),
        truePositiveRate: Double($0.truePositives) / Double(anomalous.count))
    }
  }
}
