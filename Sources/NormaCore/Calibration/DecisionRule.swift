import Foundation

/// The rule by which a calibration judges pictures whose category it recognises, as plain constants.
/// ``Calibration/verdict(path:score:feature:rate:suspicion:unknownRate:)`` decides by it, and exported graphs
/// that decide by themselves are made of it: there is no second copy.
///
/// 1. The picture is of the category whose mean feature is nearest (``CategoryFeatures/distances(of:)``), the
///    first by name of equally near ones.
/// 2. It could be of others as well: those at most ``alikeFactor`` times as far, and within their own
///    ``distanceLimits``. Only where the nearest has such a limit, too.
/// 3. Of these, the one by whose scale the score has the highest level decides, the nearest of equally strict
///    ones.
/// 4. It is unknown where it lies farther from the nearest than that one's limit; or where it scores below what
///    is ``least`` of it and lies beyond its ``leastDistances`` as well.
/// 5. It is anomalous where the level is above 1, or it is unknown.
///
/// Without features every picture is judged by ``shared``.
public struct DecisionRule: Sendable, Equatable {
  /// What tells the categories apart; nil where nothing does.
  public let features: CategoryFeatures?
  /// The distance beyond which about half of the unknown rate of a category's normal pictures lie, for the
  /// categories of which it is known.
  public let distanceLimits: [String: Float]
  /// The score that few of a category's normal pictures are below, for categories that have it, and the
  /// distance that as few are beyond: what does both shows less than any picture of the category (a dark
  /// frame, a lens cap), and would pass by its score. The shares are the root of the other half of the unknown
  /// rate. A low score alone says nothing: pictures that a bank was made of score lower than all new ones.
  public let least, leastDistances: [String: Float]
  /// Every category's scale of levels.
  public let scales: [String: LevelScale]
  /// That of all categories together.
  public let shared: LevelScale

  /// Of several categories that a picture may be of, those lie hardly farther than the nearest. A product of
  /// which few pictures are known, or that varies a lot, would else claim every other one's.
  public static let alikeFactor = 1.5

  /// The categories that are told apart, sorted.
  public var categories: [String] { features?.means.keys.sorted() ?? [] }

  /// Whether it can say of a picture that it is of none of the categories.
  public var tellsUnknown: Bool { categories.contains { distanceLimits[$0] != nil } }

  /// The scale of a category; the shared one of a category without.
  public func scale(of category: String) -> LevelScale { scales[category] ?? shared }

  /// What is decided of one picture.
  public struct Decision: Sendable, Equatable {
    /// The category whose scale decided; nil for the shared one.
    public var category: String?
    /// Other categories that it could be of, nearest first.
    public var alike: [String]
    /// 1 is the threshold, 0 what is usual.
    public var level: Double
    /// Whether it is of none of the categories; nil where nobody knows how far their pictures lie.
    public var unknown: Bool?
  }

  /// - Parameters:
  ///   - score: the image score.
  ///   - feature: the mean trunk feature, `[channels]`; one of another length, or not finite, is judged as
  ///     if there were no categories.
  public func decision(score: Float, feature: [Float]) -> Decision {
    guard let recognition = features?.recognition(of: feature, limits: distanceLimits) else {
      return Decision(category: nil, alike: [], level: shared.level(of: score), unknown: nil)
    }
    let candidates = [recognition.category] + recognition.alike
    // The first of the strictest, so that the nearest category decides where it makes no difference.
    var (strictest, level) = (
      recognition.category, scale(of: recognition.category).level(of: score)
    )
    for candidate in recognition.alike {
      let other = scale(of: candidate).level(of: score)
      if other > level { (strictest, level) = (candidate, other) }
    }
    return Decision(
      category: strictest, alike: candidates.filter { $0 != strictest }, level: level,
      unknown: recognition.isUnknown.map { $0 || showsLess(recognition, score: score) })
  }

  private func showsLess(_ recognition: Recognition, score: Float) -> Bool {
    guard let least = least[recognition.category],
      let distance = leastDistances[recognition.category]
    else { return false }
    return score < least && recognition.distance > distance
  }
}

/// Where the levels 0 and 1 lie on the scale of a category's scores.
public struct LevelScale: Sendable, Equatable {
  /// The score whose level is 1.
  public let threshold: Float
  /// What is usual and has the level 0: the mean of the scores that set the threshold, or of their logarithms
  /// where these are what scores are compared by.
  public let usual: Double
  private let measure: ScoreMeasure

  init(threshold: Float, usual: Double, measure: ScoreMeasure) {
    (self.threshold, self.usual, self.measure) = (threshold, usual, measure)
  }

  /// Whether scores are compared by their logarithms; the same for all scales of a calibration. A score that
  /// has none is taken for the smallest normal float.
  public var isLogarithmic: Bool { measure.isLogarithmic }

  /// How far the threshold lies from the usual; nil where nothing varies.
  public var range: Double? {
    let limit = measure(Double(threshold))
    return limit - usual > 1e-9 * max(1, abs(limit)) ? limit - usual : nil
  }

  /// How far a score lies from the usual, where the threshold lies at 1; never below 0. Above 1 exactly where
  /// the score is above the threshold.
  public func level(of score: Float) -> Double {
    guard let range else {
      // Nothing varies: all that can be said is on which side of the threshold it is.
      return score > threshold ? 2 : score == threshold ? 1 : 0
    }
    return max(0, (measure(Double(score)) - usual) / range)
  }
}

extension CategoryFeatures {
  /// The category that a picture is of, and others that it could be of; nil for a feature of another length
  /// or not finite.
  /// - Parameter limits: the distance beyond which a category's normal pictures hardly lie, where known.
  func recognition(of feature: [Float], limits: [String: Float]) -> Recognition? {
    let found = distances(of: feature)
    guard let nearest = found.first else { return nil }
    guard let own = limits[nearest.category] else {
      return Recognition(category: nearest.category, distance: Float(nearest.distance))
    }
    let others = found.dropFirst().filter { other in
      other.distance <= DecisionRule.alikeFactor * nearest.distance
        && limits[other.category].map { Float(other.distance) <= $0 } == true
    }
    return Recognition(
      category: nearest.category, distance: Float(nearest.distance),
      alike: others.map(\.category), isUnknown: Float(nearest.distance) > own)
  }
}
