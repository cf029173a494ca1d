/// What a model's scores mean: thresholds, p-values and the nearest category, from normal pictures
/// that the network was not trained on.
///
/// A picture is anomalous exactly when its score is *above* its threshold. Thresholds that are not
/// extrapolated agree with the p-values: above the threshold is where p ≤ the stated rate.
///
/// - A **category's** threshold ranks a score among the normal scores of all categories, each seen relative
///   to its own category's location and spread (``CategoryScales`` has the equations); the rate then holds,
///   about, over the categories together. Where a category has so many pictures of its own that ten of
///   them may lie above, or the model knows only one, its own alone are ranked.
/// - The **shared** threshold ranks it among the normal scores of all categories as they are.
/// - The **pixel** thresholds do the same with the largest value of each normal picture's anomaly
///   map: at the rate r of normal pictures, any region at all is drawn.
/// - A picture whose features lie farther from the nearest category than those of new normal pictures do,
///   or that lies rather far and scores lower than these as well, is of **unknown** kind; each but for half
///   of the rate ``unknownRate``.
public struct Calibration: Sendable, Equatable {
  /// Where the thresholds come from.
  public let status: CalibrationStatus
  /// The false-alarm rate that was asked for, in (0, 1).
  public let falseAlarmRate: Double
  /// The same for regions: the share of normal pictures that may show one.
  public let pixelFalseAlarmRate: Double
  /// Whether rates that the pictures do not support are extrapolated.
  public let extrapolates: Bool
  /// The threshold of the image score for all categories; `nil` when uncalibrated.
  public let shared: Threshold?
  /// The threshold of the image score by category.
  public let categories: [String: Threshold]
  /// The threshold of the anomaly map for all categories; `nil` when no maps were given.
  public let pixel: Threshold?
  /// The threshold of the anomaly map by category.
  public let pixelCategories: [String: Threshold]
  /// What tells the categories apart; `nil` when no features were given.
  public let features: CategoryFeatures?
  /// The share of normal pictures whose nearest category is their own: of those held out of training; after a
  /// calibration that placed categories anew, of its new pictures alone, which had a part in that.
  public let autoAccuracy: Double?
  /// How many pictures ``autoAccuracy`` is of; `nil` where nobody counted them, as in training.
  public let autoAccuracyPictures: Int?

  /// The share of normal pictures that may be taken for none of the categories.
  public let unknownRate: Double

  let scores: NormalScores
  let maxima: NormalScores
  let distances: NormalScores
  let suspicions: NormalScores
  /// What pictures are judged by at the calibration's own rates, made once; nil when uncalibrated.
  private(set) var ownRule: DecisionRule?

  /// The normal pictures' scores by category.
  public var normalScores: [String: [Float]] { scores.byCategory }
  /// The largest value of each normal picture's anomaly map, by category.
  public var normalPixelMaxima: [String: [Float]] { maxima.byCategory }
  /// The normal pictures' suspicions by category, in the order of ``normalScores``; empty for models
  /// that perceive nothing.
  public var normalSuspicions: [String: [Float]] { suspicions.byCategory }
  /// How far normal pictures lie from their category's mean feature (``CategoryFeatures/distances(of:)``),
  /// by category; empty for models of Norma 0.1, which cannot say that a picture is of no category.
  public var normalDistances: [String: [Float]] { distances.byCategory }
  /// Mean trunk feature by category, `[channels]`.
  public var categoryFeatures: [String: [Float]] { features?.means ?? [:] }
  /// Every category that has scores or features, sorted.
  public var knownCategories: [String] {
    Set(scores.byCategory.keys).union(categoryFeatures.keys).sorted()
  }

  /// Sets the thresholds.
  ///
  /// - Parameters:
  ///   - scores: image scores of normal pictures by category; at least one picture in all.
  ///   - pixelMaxima: the largest value of each picture's anomaly map by category; may be empty.
  ///   - suspicions: each picture's suspicion by category, in the order of `scores`; may be empty.
  ///   - source: what kind of pictures these are.
  ///   - rate: the false-alarm rate r to aim at, in (0, 1).
  ///   - pixelRate: the share of normal pictures that may show a region; `nil` is `rate`.
  ///   - extrapolate: whether to extrapolate the tail where r < 1/(n + 1).
  ///   - features: what tells the categories apart.
  ///   - autoAccuracy: how often that is right on held-out pictures.
  ///   - autoAccuracyPictures: how many these are.
  ///   - distances: how far normal pictures lie from their category's mean feature, by category; may be
  ///     empty.
  ///   - unknownRate: the share of normal pictures that may be taken for none of the categories.
  /// - Throws: ``CalibrationError``.
  public static func fit(
    scores: [String: [Float]], pixelMaxima: [String: [Float]] = [:],
    suspicions: [String: [Float]] = [:], source: CalibrationStatus.Source, rate: Double = 0.01,
    pixelRate: Double? = nil,
    extrapolate: Bool = false, features: CategoryFeatures? = nil, autoAccuracy: Double? = nil,
    autoAccuracyPictures: Int? = nil, distances: [String: [Float]] = [:],
    unknownRate: Double = Calibration.defaultUnknownRate
  ) throws -> Calibration {
    guard scores.values.contains(where: { !$0.isEmpty }) else { throw CalibrationError.noPictures }
    return try Calibration(
      status: .calibrated(from: source), rate: rate, pixelRate: pixelRate ?? rate,
      extrapolates: extrapolate, scores: scores, maxima: pixelMaxima, suspicions: suspicions,
      features: features, autoAccuracy: autoAccuracy,
      autoAccuracyPictures: autoAccuracyPictures, distances: distances, unknownRate: unknownRate,
      stored: nil)
  }

  /// A model without thresholds, which still may tell the categories apart.
  ///
  /// - Throws: ``CalibrationError/rate(_:)``.
  public static func uncalibrated(
    rate: Double = 0.01, features: CategoryFeatures? = nil, autoAccuracy: Double? = nil
  ) throws -> Calibration {
    try Calibration(
      status: .uncalibrated, rate: rate, pixelRate: rate, extrapolates: false, scores: [:],
      maxima: [:], suspicions: [:], features: features, autoAccuracy: autoAccuracy, distances: [:],
      unknownRate: defaultUnknownRate, stored: nil)
  }

  /// New thresholds from a folder of new normal pictures. A category that has some is judged by these
  /// alone; all others keep the pictures that they have, and what tells the categories apart stays.
  ///
  /// - Parameters:
  ///   - scores: image scores by category; at least one picture in all.
  ///   - pixelMaxima: the largest value of each picture's anomaly map by category.
  ///   - suspicions: each picture's suspicion by category, in the order of `scores`.
  ///   - rate: the new false-alarm rate; `nil` keeps this calibration's two rates.
  ///   - extrapolate: `nil` keeps this calibration's choice.
  ///   - pictures: the new pictures' features, by which distances are renewed, and the means of the
  ///     categories that have ``picturesForAMean`` new ones.
  /// - Throws: ``CalibrationError``.
  public func recalibrated(
    scores: [String: [Float]], pixelMaxima: [String: [Float]] = [:],
    suspicions: [String: [Float]] = [:], rate: Double? = nil, extrapolate: Bool? = nil,
    pictures: [(category: String, feature: [Float])] = []
  ) throws -> Calibration {
    let new = scores.filter { !$0.value.isEmpty }
    guard !new.isEmpty else { throw CalibrationError.noPictures }
    let kept = keptCategories(renewing: new.keys)
    func renewed(_ values: [String: [Float]], _ old: [String: [Float]]) -> [String: [Float]] {
      values.filter { new[$0.key] != nil }
        .merging(old.filter { kept.contains($0.key) }) { new, _ in new }
    }
    let recognition = try renewedRecognition(by: pictures)
    return try .fit(
      scores: renewed(new, normalScores), pixelMaxima: renewed(pixelMaxima, normalPixelMaxima),
      suspicions: renewed(suspicions, normalSuspicions),
      source: .folder, rate: rate ?? falseAlarmRate,
      pixelRate: rate ?? pixelFalseAlarmRate, extrapolate: extrapolate ?? extrapolates,
      features: recognition.features, autoAccuracy: recognition.accuracy,
      autoAccuracyPictures: recognition.pictures,
      distances: renewed(recognition.distances, normalDistances), unknownRate: unknownRate)
  }

  /// So many pictures of a category place its mean feature anew.
  package static let picturesForAMean = 10

  private typealias RenewedRecognition = (
    features: CategoryFeatures?, accuracy: Double?, pictures: Int?, distances: [String: [Float]]
  )

  /// What new normal pictures say of how categories are told apart. Where they are too few to place one anew,
  /// that stays as it is, and so does how well it was found to be done.
  private func renewedRecognition(
    by pictures: [(category: String, feature: [Float])]
  ) throws -> RenewedRecognition {
    let asBefore = { (features, autoAccuracy, autoAccuracyPictures, $0) as RenewedRecognition }
    guard let features, !pictures.isEmpty else { return asBefore([:]) }
    let counts = Dictionary(grouping: pictures, by: \.category).mapValues(\.count)
    let many = counts.filter { $0.value >= Self.picturesForAMean }
    guard !many.isEmpty else { return asBefore(features.distances(of: pictures)) }
    var builder = CategoryFeatures.Builder()
    for picture in pictures where many[picture.category] != nil {
      try builder.add(picture.feature, category: picture.category)
    }
    let new = try CategoryFeatures(
      means: features.means.merging(builder.build()?.means ?? [:]) { $1 },
      deviation: features.deviation)
    return (
      new, new.accuracy(of: pictures), pictures.count,
      new.distances(of: pictures, counted: many)
    )
  }

  /// The categories that keep their normal pictures when others get new ones, sorted.
  public func keptCategories(renewing renewed: some Sequence<String>) -> [String] {
    let renewed = Set(renewed)
    return normalScores.filter { !$0.value.isEmpty && !renewed.contains($0.key) }.keys.sorted()
  }

  /// - Parameter stored: thresholds as a file has them; `nil` computes them.
  init(
    status: CalibrationStatus, rate: Double, pixelRate: Double, extrapolates: Bool,
    scores: [String: [Float]], maxima: [String: [Float]], suspicions: [String: [Float]],
    features: CategoryFeatures?, autoAccuracy: Double?, autoAccuracyPictures: Int? = nil,
    distances: [String: [Float]], unknownRate: Double, stored: StoredThresholds?
  ) throws {
    for rate in [rate, pixelRate, unknownRate] { try Self.check(rate: rate) }
    if let accuracy = autoAccuracy, !(0...1).contains(accuracy) {
      throw CalibrationError.notFinite(what: "the accuracy of `auto`", value: "\(accuracy)")
    }
    self.status = status
    falseAlarmRate = rate
    pixelFalseAlarmRate = pixelRate
    self.extrapolates = extrapolates
    self.features = features
    self.autoAccuracy = autoAccuracy
    self.autoAccuracyPictures = autoAccuracyPictures
    let scores = try NormalScores(scores, rate: rate, what: "score")
    let maxima = try NormalScores(maxima, rate: pixelRate, what: "largest map value")
    (self.scores, self.maxima) = (scores, maxima)
    try Self.check(suspicions, of: scores)
    self.distances = try NormalScores(
      distances, rate: unknownRate, what: "distance of the features")
    self.unknownRate = unknownRate
    self.suspicions = try NormalScores(suspicions, rate: Self.suspicionRate, what: "suspicion")
    shared =
      stored?.shared ?? scores.threshold(category: nil, rate: rate, extrapolate: extrapolates)
    categories =
      stored?.categories ?? scores.thresholds(rate: rate, extrapolate: extrapolates)
    pixel =
      stored?.pixel ?? maxima.threshold(category: nil, rate: pixelRate, extrapolate: extrapolates)
    pixelCategories =
      stored?.pixelCategories ?? maxima.thresholds(rate: pixelRate, extrapolate: extrapolates)
    ownRule = madeRule()
  }

  /// Thresholds as a file has them; those of categories are nil where they are to be set anew.
  struct StoredThresholds {
    var shared: Threshold?
    var categories: [String: Threshold]?
    var pixel: Threshold?
    var pixelCategories: [String: Threshold]?
  }

  /// One picture in two hundred: what is told to be of no category interrupts somebody's work.
  public static let defaultUnknownRate = 0.005

  /// - Throws: ``CalibrationError/rate(_:)`` unless the rate lies in (0, 1).
  public static func check(rate: Double) throws {
    guard rate > 0, rate < 1 else { throw CalibrationError.rate(rate) }
  }

  /// A suspicion is known of a category's pictures all, or of none.
  private static func check(_ suspicions: [String: [Float]], of scores: NormalScores) throws {
    for (category, values) in suspicions.sorted(by: { $0.key < $1.key }) {
      let pictures = scores.byCategory[category]?.count ?? 0
      guard values.count == pictures else {
        throw CalibrationError.unreadable(
          "\(counted(pictures, "normal score")) of category '\(category)', but "
            + counted(values.count, "suspicion"))
      }
      if let bad = values.first(where: { !(0...1).contains($0) }) {
        throw CalibrationError.unreadable(
          "a suspicion of category '\(category)' is \(bad), expected 0 to 1")
      }
    }
  }
}

/// Where a model's thresholds come from.
public enum CalibrationStatus: Sendable, Equatable, Codable, CustomStringConvertible {
  /// Set by normal pictures that the network was not trained on.
  case calibrated(from: Source)
  /// No thresholds: the model gives scores only.
  case uncalibrated

  /// The normal pictures that set the thresholds.
  public enum Source: String, Sendable, Codable {
    /// Pictures held out of training.
    case holdout
    /// Training pictures, each scored by a network that did not see it.
    case crossFit
    /// A folder of further normal pictures, given after training.
    case folder
  }

  public var description: String {
    switch self {
    case .calibrated(.holdout): "calibrated on held-out pictures"
    case .calibrated(.crossFit): "calibrated by cross-fitting"
    case .calibrated(.folder): "calibrated on a folder of normal pictures"
    case .uncalibrated: "uncalibrated"
    }
  }

  /// One word: the source, or `uncalibrated`.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    let word = try container.decode(String.self)
    if let source = Source(rawValue: word) {
      self = .calibrated(from: source)
    } else if word == "uncalibrated" {
      self = .uncalibrated
    } else {
      throw CalibrationError.unreadable(
        "its status is '\(word)', expected holdout, crossFit, folder or uncalibrated")
    }
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    switch self {
    case .calibrated(let source): try container.encode(source.rawValue)
    case .uncalibrated: try container.encode("uncalibrated")
    }
  }
}

/// What keeps a calibration from being made, read or used.
public enum CalibrationError: Error, CustomStringConvertible, Sendable, Equatable {
  /// There is no normal picture to calibrate with.
  case noPictures
  /// A number that must be finite is not; `what` says which.
  case notFinite(what: String, value: String)
  /// A false-alarm rate outside (0, 1).
  case rate(Double)
  /// The model carries no thresholds.
  case uncalibrated
  /// A category that the calibration does not know.
  case unknownCategory(String, known: [String])
  /// Feature vectors of different lengths.
  case featureLength(category: String, found: Int, expected: Int)
  /// The stored calibration contradicts itself or cannot be read.
  case unreadable(String)

  public var description: String {
    switch self {
    case .noPictures:
      "there is no normal picture to set thresholds with; give a folder with at least one"
    case .notFinite(let what, let value):
      "\(what) is \(value), expected a finite number; the model or the picture is damaged"
    case .rate(let rate):
      "the false-alarm rate is \(rate), expected a number above 0 and below 1, such as 0.01"
    case .uncalibrated:
      "the model is uncalibrated, so it has scores but no thresholds; run `norma calibrate MODEL "
        + "FOLDER` with a folder of normal pictures that it was not trained on"
    case .unknownCategory(let name, let known):
      "unknown category '\(name)'\(Spelling.hint(for: name, among: known)); the model knows "
        + (known.isEmpty ? "none" : known.joined(separator: ", "))
    case .featureLength(let category, let found, let expected):
      "a feature vector of category '\(category)' has \(counted(found, "channel")), expected \(expected)"
    case .unreadable(let reason):
      "the calibration cannot be read: \(reason)"
    }
  }
}
