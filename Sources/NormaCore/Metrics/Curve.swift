/// Points of a curve, for drawing: `x[i]`, `y[i]`.
public struct Curve: Codable, Sendable, Equatable {
  public var x: [Double]
  public var y: [Double]

  public init(x: [Double], y: [Double]) {
    self.x = x
    self.y = y
  }

  /// The ROC curve of image scores from (0, 0) to (1, 1): false-positive rate against true-positive
  /// rate, thinned so that two points lie at least 1/256 apart on one axis. The thinned curve is a
  /// drawing; areas come from ``Metrics``.
  ///
  /// - Returns: `nil` when one class is missing.
  /// - Throws: ``MetricError`` for NaN scores or lists of different lengths.
  public static func roc(scores: [Float], labels: [Bool]) throws -> Curve? {
    try Metrics.sweep(scores: scores, labels: labels).roc
  }
}

extension Curve {
  /// Keeps the points of a monotone curve through the unit square that a drawing can tell apart.
  struct Decimator: Sendable {
    private var kept = Curve(x: [0], y: [0])
    private var last = (x: 0.0, y: 0.0)
    private let step = 1.0 / 256

    mutating func add(_ x: Double, _ y: Double) {
      last = (x, y)
      guard let keptX = kept.x.last, let keptY = kept.y.last,
        x - keptX >= step || y - keptY >= step
      else { return }
      append(x, y)
    }

    /// The kept points and the end.
    var curve: Curve {
      var ended = self
      if kept.x.last != last.x || kept.y.last != last.y { ended.append(last.x, last.y) }
      return ended.kept
    }

    private mutating func append(_ x: Double, _ y: Double) {
      kept.x.append(x)
      kept.y.append(y)
    }
  }
}
