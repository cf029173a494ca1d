import Foundation
import NormaCore

/// What different false-alarm rates would do, on normal pictures and on pictures of defects, and which of them
/// costs least.
///
/// Everything is judged as `norma inspect` does: by the threshold of the category that is recognised, and what
/// is unknown counts as flagged. A normal picture is judged by the thresholds that the *other* normal pictures
/// set; by its own it would be flagged exactly as often as was asked for.
public struct OperatingPoints: Codable, Sendable, Equatable {
  /// What mistakes cost, and how often there is something to miss.
  public struct Costs: Codable, Sendable, Equatable {
    /// Of a defect that is not flagged, in false alarms; above 0.
    public var miss: Double
    /// The share of pictures that show a defect, in (0, 1).
    public var defectShare: Double

    public init(miss: Double = 10, defectShare: Double = 0.01) {
      (self.miss, self.defectShare) = (miss, defectShare)
    }

    /// Expected for a picture, in false alarms: (1 − d) f + d m (1 − c) with the defects' share d, the false
    /// alarms' f of the normal pictures, the catches' c of the defects, and m false alarms a miss.
    func expected(falseAlarms: Double, catches: Double) -> Double {
      (1 - defectShare) * falseAlarms + defectShare * miss * (1 - catches)
    }
  }

  /// A false-alarm rate and what comes of it.
  public struct Point: Codable, Sendable, Equatable {
    /// The rate that was asked for; `--false-alarm-rate` asks for it.
    public var falseAlarmRate: Double
    /// The share of normal pictures that is expected to be flagged, as unknown too. Above the rate where the
    /// pictures are too few for it.
    public var promised: Double
    /// Where its thresholds lie, on the scale on which those that are set lie at 1; the mean over the
    /// categories.
    public var level: Double
    /// Of the normal pictures.
    public var falseAlarms: BinomialInterval
    /// Of the defects.
    public var catches: BinomialInterval
    /// The same by category; empty where there is one.
    public var catchesByCategory: [String: BinomialInterval]
    /// Expected for a picture, in false alarms.
    public var cost: Double
    /// Whether it is what the model asks for.
    public var isSet: Bool
    /// Whether these defects are too few to tell it from the one that costs least.
    public var isLikeRecommended: Bool
  }

  public var costs: Costs
  /// From many false alarms to few. Rates that these normal pictures cannot tell apart come once.
  public var points: [Point]
  /// The place of the one that costs least; of several the one with the fewest false alarms.
  public var recommended: Int
  /// Normal pictures.
  public var pictures: Int
  public var defects: Int
  /// Defects that are flagged at whatever threshold: they are like no product.
  public var unknownDefects: Int

  /// The rates that are tried, besides the model's own.
  public static let rates = [0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001]

  public var recommendedPoint: Point { points[recommended] }
}

extension OperatingPoints {
  /// - Parameters:
  ///   - good: new normal pictures; two at least.
  ///   - defects: one at least.
  ///   - old: the calibration that `good` renews.
  ///   - rate: the false-alarm rate that is set; nil: as before.
  ///   - progress: called with how much is done, of 1.
  /// - Throws: `CalibrationError`, and what `progress` throws.
  public init(
    good: [CalibrationPicture], defects: [CalibrationPicture], old: Calibration, rate: Double?,
    costs: Costs = Costs(), progress: (Double) throws -> Void = { _ in }
  ) throws {
    let set = try Self.calibration(of: good, old, rate: rate)
    let tried = try Self.distinct(good, old, set: set)
    let alarms = try Self.alarms(good, old, rates: tried.map(\.falseAlarmRate), progress)
    var found: [(point: Point, caught: Int)] = []
    var unknown = 0
    for (calibration, alarms) in zip(tried, alarms) {
      let verdicts = try defects.map { try Self.verdict($0, calibration) }
      unknown = verdicts.count { $0.unknown == true }
      let flags = verdicts.map { $0.anomalous == true }
      let catches = try BinomialInterval(flags.count { $0 }, of: flags.count)
      let promised = Self.promised(calibration, good)
      let point = Point(
        falseAlarmRate: calibration.falseAlarmRate, promised: promised,
        level: try Self.level(of: calibration, by: set, good),
        falseAlarms: try BinomialInterval(alarms, of: good.count), catches: catches,
        catchesByCategory: try Self.byCategory(defects, flags),
        cost: costs.expected(falseAlarms: promised, catches: catches.share ?? 0),
        isSet: calibration.falseAlarmRate == set.falseAlarmRate, isLikeRecommended: false)
      found.append((point, catches.count))
    }
    // Of several that cost the same, the last has the fewest false alarms.
    var best = 0
    for place in found.indices where found[place].point.cost <= found[best].point.cost {
      best = place
    }
    for place in found.indices where place != best {
      found[place].point.isLikeRecommended = try !costs.tellApart(
        found[place].point, found[best].point)
    }
    (self.costs, points, recommended) = (costs, found.map(\.point), best)
    (pictures, self.defects, unknownDefects) = (good.count, defects.count, unknown)
  }

  private static func calibration(
    of good: [CalibrationPicture], _ old: Calibration, rate: Double?
  ) throws -> Calibration {
    try old.recalibrated(
      scores: Dictionary(grouping: good, by: \.category).mapValues { $0.map(\.score) }, rate: rate,
      pictures: good.map { ($0.category, $0.feature) })
  }

  /// Calibrations from many false alarms to few, whose thresholds differ. Where the pictures are too few for a
  /// rate, the lowest threshold of its kind stands for all below it, under the rate that is set if that is
  /// one of them.
  private static func distinct(
    _ good: [CalibrationPicture], _ old: Calibration, set: Calibration
  ) throws -> [Calibration] {
    var found: [Calibration] = []
    for rate in Set(rates + [set.falseAlarmRate]).sorted(by: >) {
      let next =
        rate == set.falseAlarmRate ? set : try calibration(of: good, old, rate: rate)
      if let last = found.last, last.values == next.values {
        if rate == set.falseAlarmRate { found[found.count - 1] = next }
        continue
      }
      found.append(next)
    }
    return found
  }

  /// How many normal pictures each rate flags, every twentieth judged by the calibration of the others.
  private static func alarms(
    _ good: [CalibrationPicture], _ old: Calibration, rates: [Double],
    _ progress: (Double) throws -> Void
  ) throws -> [Int] {
    let folds = min(good.count, 20)
    var alarms = rates.map { _ in 0 }
    guard folds > 1 else { return alarms }
    for fold in 0..<folds {
      let judged = good.indices.filter { $0 % folds == fold }.map { good[$0] }
      let others = good.indices.filter { $0 % folds != fold }.map { good[$0] }
      for (place, rate) in rates.enumerated() {
        let calibration = try calibration(of: others, old, rate: rate)
        alarms[place] += try judged.count { try verdict($0, calibration).anomalous == true }
        try progress(
          Double(fold * rates.count + place + 1) / Double(folds * rates.count))
      }
    }
    return alarms
  }

  private static func verdict(
    _ picture: CalibrationPicture, _ calibration: Calibration
  ) throws -> Verdict {
    try calibration.verdict(
      path: picture.path, score: picture.score, feature: picture.feature)
  }

  /// What the thresholds state, in the mean over the pictures, and what is called unknown.
  private static func promised(_ calibration: Calibration, _ good: [CalibrationPicture]) -> Double {
    let counts = Dictionary(grouping: good, by: \.category).mapValues(\.count)
    let stated = counts.reduce(0.0) { sum, category in
      let threshold = try? calibration.threshold(
        category: calibration.recognizes ? category.key : nil)
      return sum + (threshold?.rate ?? 0) * Double(category.value)
    }
    let unknown = calibration.tellsUnknown() ? calibration.unknownRate : 0
    return min(1, stated / Double(max(1, good.count)) + unknown)
  }

  private static func level(
    of calibration: Calibration, by set: Calibration, _ good: [CalibrationPicture]
  ) throws -> Double {
    let categories = Set(good.map(\.category)).sorted()
    let levels = try categories.compactMap { name -> Double? in
      let category = set.recognizes ? name : nil
      let threshold = try calibration.threshold(category: category)
      return try set.verdict(path: name, score: threshold.value, category: category).level
    }
    return levels.isEmpty ? 1 : levels.reduce(0, +) / Double(levels.count)
  }

  private static func byCategory(
    _ defects: [CalibrationPicture], _ flags: [Bool]
  ) throws -> [String: BinomialInterval] {
    let groups = Dictionary(grouping: zip(defects, flags), by: \.0.category)
    guard groups.count > 1 else { return [:] }
    return try groups.mapValues { pairs in
      try BinomialInterval(pairs.count { $0.1 }, of: pairs.count)
    }
  }
}

extension Calibration {
  /// All thresholds of scores.
  fileprivate var values: [String: Float] {
    categories.mapValues(\.value).merging(shared.map { ["": $0.value] } ?? [:]) { own, _ in own }
  }
}

extension OperatingPoints.Costs {
  /// Whether so many defects say which of two costs less. One catches b of n defects more than the other, and
  /// flags more normal pictures by Δf; it is the cheaper one where the share of defects that it catches more
  /// is above (1 − d) Δf / (d m). Unless the interval of b of n lies on one side of that, nobody knows.
  func tellApart(_ first: OperatingPoints.Point, _ second: OperatingPoints.Point) throws -> Bool {
    let more = abs(first.catches.count - second.catches.count)
    let gained = try BinomialInterval(more, of: first.catches.total)
    let price =
      (1 - defectShare) * abs(first.promised - second.promised) / (defectShare * miss)
    return price < gained.low || price > gained.high
  }
}
