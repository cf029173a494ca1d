import Foundation

/// What it is worth to send the pictures in doubt to a person: the errors that are left among the others.
///
/// In doubt is, first, what is like no product that the model knows, then what lies nearest to its threshold
/// on the scale that all products share (``Calibration/doubt(level:)``), as `norma inspect --review-share`
/// has it. Errors are those of the verdicts: by the category that is recognised.
public struct ReviewDial: Codable, Sendable, Equatable {
  /// A labelled picture, and what was said of it.
  public struct Picture: Sendable {
    public var isAnomalous: Bool
    /// Whether it was called anomalous, or unknown.
    public var flagged: Bool
    /// ``Verdict/level``: 1 is the threshold.
    public var level: Double
    /// Whether it was like no category.
    public var isUnknown: Bool

    public init(isAnomalous: Bool, flagged: Bool, level: Double, isUnknown: Bool = false) {
      (self.isAnomalous, self.flagged) = (isAnomalous, flagged)
      (self.level, self.isUnknown) = (level, isUnknown)
    }

    /// - Returns: nil of a picture without a verdict.
    public init?(_ picture: ScoredPicture) {
      guard let flagged = picture.flagged, let level = picture.level else { return nil }
      self.init(
        isAnomalous: picture.isAnomalous, flagged: flagged, level: level,
        isUnknown: picture.unknown == true)
    }

    var isError: Bool { flagged != isAnomalous }

    /// In 0…1, or above for what is unknown.
    var doubt: Float { isUnknown ? 2 : Calibration.doubt(level: level) }
  }

  /// One position of the dial.
  public struct Row: Codable, Sendable, Equatable {
    /// The share of all pictures that a person looks at.
    public var share: Double
    /// How many that are.
    public var sent: Int
    /// Normal pictures called anomalous or unknown among the others.
    public var falseAlarms: Int
    /// Anomalous pictures called normal among the others.
    public var misses: Int
    /// The share of errors among the others; 0 when all are sent.
    public var errorRate: Double
  }

  /// Pictures in all.
  public var pictures: Int
  /// Those in most doubt first.
  public var byLevel: [Row]

  /// The shares that a report shows.
  public static let usualShares = [0, 0.01, 0.02, 0.05, 0.1, 0.2]

  /// - Parameter shares: of the pictures that go to a person, in 0…1; of n pictures, share · n rounded.
  public init(_ pictures: [Picture], shares: [Double] = usualShares) {
    self.init(models: [pictures], shares: shares)
  }

  /// The same over several models, each of which sends its own share: the pictures that each decided on are
  /// another person's work.
  ///
  /// - Parameter models: the pictures that each decided on.
  public init(models: [[Picture]], shares: [Double] = usualShares) {
    pictures = models.reduce(0) { $0 + $1.count }
    let ordered = models.map { $0.sorted { $0.doubt > $1.doubt } }
    byLevel = shares.map { share in
      let rest = ordered.flatMap { pictures in
        pictures.dropFirst(Int((share * Double(pictures.count)).rounded()))
      }
      let errors = rest.filter(\.isError)
      let misses = errors.count { $0.isAnomalous }
      return Row(
        share: share, sent: ordered.reduce(-rest.count) { $0 + $1.count },
        falseAlarms: errors.count - misses, misses: misses,
        errorRate: rest.isEmpty ? 0 : Double(errors.count) / Double(rest.count))
    }
  }
}

/// How far probabilities hold: of what was said to be anomalous with a probability of about 0.3, about
/// three in ten should be.
///
/// Probabilities are put into bins of equal width. The expected calibration error is the mean distance
/// between what a bin said and what was observed in it, each bin weighed by what it holds:
/// Σ n_b/n · |observed_b − said_b| (Naeini, Cooper and Hauskrecht, "Obtaining well calibrated
/// probabilities using Bayesian binning", 2015; Guo et al., "On calibration of modern neural networks",
/// 2017), here of the probability of one class, as in a reliability diagram, and not of the
/// likelier class.
public struct ReliabilityDiagram: Codable, Sendable, Equatable {
  /// Probabilities from `lower` to below `upper`; those of the last bin may be 1.
  public struct Bin: Codable, Sendable, Equatable {
    public var lower: Double
    public var upper: Double
    /// How many probabilities lie in it; at least one.
    public var count: Int
    /// Their mean: what was said.
    public var probability: Double
    /// The share of them that was anomalous.
    public var observed: Double

    public init(lower: Double, upper: Double, count: Int, probability: Double, observed: Double) {
      (self.lower, self.upper, self.count) = (lower, upper, count)
      (self.probability, self.observed) = (probability, observed)
    }
  }

  /// Those that hold something, the lowest first.
  public let bins: [Bin]
  /// Probabilities in all.
  public let count: Int
  /// The mean of all probabilities.
  public let probability: Double
  /// The share of all that was anomalous.
  public let observed: Double
  /// From 0, all hold, to 1.
  public let expectedCalibrationError: Double

  private init(_ bins: [Bin]) {
    let count = bins.reduce(0) { $0 + $1.count }
    func mean(_ value: (Bin) -> Double) -> Double {
      bins.reduce(0) { $0 + Double($1.count) * value($1) } / Double(max(1, count))
    }
    self.bins = bins
    self.count = count
    probability = mean(\.probability)
    observed = mean(\.observed)
    expectedCalibrationError = mean { abs($0.observed - $0.probability) }
  }
}

extension ReliabilityDiagram {
  /// Collects probabilities, any number of them in the same memory.
  public struct Counter: Sendable {
    private var counts: [Int]
    private var said: [Double]
    private var anomalous: [Double]

    /// - Parameter bins: of equal width, from 0 to 1; at least one.
    public init(bins: Int = 10) {
      counts = Array(repeating: 0, count: max(1, bins))
      said = Array(repeating: 0, count: counts.count)
      anomalous = said
    }

    /// Adds one probability and what there was.
    ///
    /// - Parameters:
    ///   - probability: held to 0…1, which rounding may leave by a little.
    ///   - truth: 1 for what was anomalous, 0 for what was not, the share for what was so in part.
    /// - Throws: ``MetricError`` for NaN.
    public mutating func add(_ probability: Float, truth: Double) throws {
      guard !probability.isNaN else {
        throw MetricError.notANumber(what: "probability", index: counts.reduce(0, +))
      }
      let value = min(max(Double(probability), 0), 1)
      let bin = min(Int(value * Double(counts.count)), counts.count - 1)
      counts[bin] += 1
      said[bin] += value
      anomalous[bin] += truth
    }

    /// What was collected; nil when nothing was.
    public var diagram: ReliabilityDiagram? {
      let all = Double(counts.count)
      let bins = counts.indices.filter { counts[$0] > 0 }.map { index in
        Bin(
          lower: Double(index) / all, upper: Double(index + 1) / all, count: counts[index],
          probability: said[index] / Double(counts[index]),
          observed: anomalous[index] / Double(counts[index]))
      }
      return bins.isEmpty ? nil : ReliabilityDiagram(bins)
    }
  }
}
