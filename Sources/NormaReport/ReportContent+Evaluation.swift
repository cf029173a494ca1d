import Foundation
import NormaCore

extension ReportContent {
  /// What a model did on labelled test pictures.
  public struct Evaluation: Codable, Sendable, Equatable {
    /// The threshold by which the page sorts pictures into caught, missed and falsely flagged.
    public enum Deciding: String, Codable, Sendable {
      /// One threshold for every category.
      case shared
      /// Each category's own threshold.
      case own
    }

    /// The data set's name, as people read it.
    public var dataset: String
    /// In the order in which the page shows them.
    public var categories: [Category]
    /// The mean of the categories' metrics.
    public var mean: Metrics
    /// The threshold that sorts the pictures.
    public var deciding: Deciding
    /// The share of test pictures whose category was recognised without being told, 0…1.
    public var autoCategoryAccuracy: Double?
    /// What a reader of the categories should know besides, for example how the pictures of an
    /// uncalibrated model are sorted.
    public var note: String?
    /// What it is worth to send the pictures in doubt to a person.
    public var review: ReviewDial?
    /// How far its probabilities hold, token by token, by the masks; nil when it gives none.
    public var reliability: ReliabilityDiagram?

    public init(
      dataset: String, categories: [Category], mean: Metrics, deciding: Deciding = .shared,
      autoCategoryAccuracy: Double? = nil, note: String? = nil, review: ReviewDial? = nil,
      reliability: ReliabilityDiagram? = nil
    ) {
      self.review = review
      self.reliability = reliability
      self.dataset = dataset
      self.categories = categories
      self.mean = mean
      self.deciding = deciding
      self.autoCategoryAccuracy = autoCategoryAccuracy
      self.note = note
    }

    /// A dial of Norma 0.1 is left out: its errors are those of the threshold for all, its doubt is another.
    public init(from decoder: any Decoder) throws {
      let container = try decoder.container(keyedBy: CodingKeys.self)
      try self.init(
        dataset: container.decode(String.self, forKey: .dataset),
        categories: container.decode([Category].self, forKey: .categories),
        mean: container.decode(Metrics.self, forKey: .mean),
        deciding: container.decode(Deciding.self, forKey: .deciding),
        autoCategoryAccuracy: container.decodeIfPresent(
          Double.self, forKey: .autoCategoryAccuracy),
        note: container.decodeIfPresent(String.self, forKey: .note),
        review: try? container.decode(ReviewDial.self, forKey: .review),
        reliability: container.decodeIfPresent(ReliabilityDiagram.self, forKey: .reliability))
    }

    /// Normal test pictures of all categories.
    public var normalCount: Int { categories.reduce(0) { $0 + $1.normalCount } }
    /// Anomalous test pictures of all categories.
    public var anomalousCount: Int { categories.reduce(0) { $0 + $1.anomalousCount } }

    /// What an inspection said of all categories together; nil where it was not measured.
    public var verdicts: Outcome? { sum(categories.compactMap(\.verdicts)) }

    /// What thresholds of a kind did in all categories together, without a threshold of its own; nil
    /// where a category has none, or there is no category.
    public func total(_ deciding: Deciding) -> Outcome? {
      sum(categories.compactMap { $0.outcome(deciding) })
    }

    private func sum(_ all: [Outcome]) -> Outcome? {
      guard !all.isEmpty, all.count == categories.count else { return nil }
      return Outcome(
        threshold: .nan, falseAlarms: all.reduce(0) { $0 + $1.falseAlarms },
        misses: all.reduce(0) { $0 + $1.misses })
    }
  }

  /// Metrics as fractions, 0…1; nil or NaN where a metric is not defined (one class is missing, or
  /// there are no masks).
  public struct Metrics: Codable, Sendable, Equatable {
    /// Area under the ROC curve of the pictures' scores.
    public var imageAUROC: Double?
    /// Average precision of the pictures' scores.
    public var imageAP: Double?
    /// The best F1 that a threshold of the pictures' scores reaches.
    public var imageF1Max: Double?
    /// Area under the ROC curve of the maps' values, by the masks.
    public var pixelAUROC: Double?
    /// Average precision of the maps' values, by the masks.
    public var pixelAP: Double?
    /// Area under the per-region overlap up to a false-positive rate of 0.3.
    public var aupro: Double?

    public init(
      imageAUROC: Double? = nil, imageAP: Double? = nil, imageF1Max: Double? = nil,
      pixelAUROC: Double? = nil, pixelAP: Double? = nil, aupro: Double? = nil
    ) {
      self.imageAUROC = imageAUROC
      self.imageAP = imageAP
      self.imageF1Max = imageF1Max
      self.pixelAUROC = pixelAUROC
      self.pixelAP = pixelAP
      self.aupro = aupro
    }
  }

  /// What a threshold did on a category's test pictures.
  public struct Outcome: Codable, Sendable, Equatable {
    /// On the scale of the model's scores; NaN for a sum over several.
    public var threshold: Double
    /// Normal pictures that were called anomalous.
    public var falseAlarms: Int
    /// Anomalous pictures that were called normal.
    public var misses: Int

    public init(threshold: Double, falseAlarms: Int, misses: Int) {
      self.threshold = threshold
      self.falseAlarms = falseAlarms
      self.misses = misses
    }
  }

  /// One category's result: its metrics, scores, curves and pictures.
  public struct Category: Codable, Sendable, Equatable {
    public var name: String
    /// Normal test pictures.
    public var normalCount: Int
    /// Anomalous test pictures.
    public var anomalousCount: Int
    public var metrics: Metrics
    /// What an inspection said that was told nothing; nil without thresholds, and of pages of Norma 0.1.
    public var verdicts: Outcome?
    /// What the shared threshold did; nil without one.
    public var shared: Outcome?
    /// What the category's own threshold did; nil without one.
    public var own: Outcome?
    /// Scores of the normal test pictures, in any order. Empty leaves the histogram out.
    public var normalScores: [Double]
    /// Scores of the anomalous test pictures, in any order. Empty leaves the histogram out.
    public var anomalousScores: [Double]
    /// The ROC curve from (0, 0) to (1, 1); see ``ReportContent/rocCurve(normal:anomalous:)``.
    public var roc: [CurvePoint]
    /// Example pictures. Groups without any are shown as such; absent groups are not shown.
    public var examples: [ExampleGroup]

    public init(
      name: String, normalCount: Int, anomalousCount: Int, metrics: Metrics,
      verdicts: Outcome? = nil, shared: Outcome? = nil, own: Outcome? = nil,
      normalScores: [Double] = [],
      anomalousScores: [Double] = [], roc: [CurvePoint] = [], examples: [ExampleGroup] = []
    ) {
      self.name = name
      self.normalCount = normalCount
      self.anomalousCount = anomalousCount
      self.metrics = metrics
      self.verdicts = verdicts
      self.shared = shared
      self.own = own
      self.normalScores = normalScores
      self.anomalousScores = anomalousScores
      self.roc = roc
      self.examples = examples
    }

    /// What the deciding threshold did here.
    public func outcome(_ deciding: Evaluation.Deciding) -> Outcome? {
      switch deciding {
      case .shared: shared
      case .own: own
      }
    }
  }
}

extension ReportContent {
  /// What became of a test picture.
  public enum Fate: String, Codable, Sendable, CaseIterable {
    /// An anomalous picture below the threshold.
    case missed
    /// A normal picture above the threshold.
    case falselyFlagged
    /// An anomalous picture above the threshold.
    case caught

    /// The order in which a page shows pictures, as indices of `scores`: the worst first.
    ///
    /// A missed picture is the worse the lower its score, a falsely flagged one the higher; among
    /// the caught the narrowest come first. Equal scores keep their order, and NaN comes last.
    public func worstFirst(_ scores: [Double]) -> [Int] {
      let rising = self != .falselyFlagged
      return scores.indices.sorted { left, right in
        let (a, b) = (scores[left], scores[right])
        if a.isNaN || b.isNaN { return !a.isNaN || (b.isNaN && left < right) }
        if a == b { return left < right }
        return rising ? a < b : a > b
      }
    }
  }

  /// Some of the pictures that share a fate, out of all of them.
  public struct ExampleGroup: Codable, Sendable, Equatable {
    public var fate: Fate
    /// How many pictures share the fate, shown or not.
    public var total: Int
    /// Those that are shown; the page orders them, the worst first.
    public var examples: [Example]

    public init(fate: Fate, total: Int, examples: [Example]) {
      self.fate = fate
      self.total = total
      self.examples = examples
    }
  }

  /// A test picture beside what the model made of it. All images are JPEG, PNG or WebP files of the
  /// same proportions; a few hundred pixels suffice.
  public struct Example: Codable, Sendable, Equatable {
    /// What tells the picture from the others of its category, for example `broken_small/003.jpg`.
    public var fileName: String
    /// The image score; higher is more anomalous.
    public var score: Double
    /// The share of normal pictures that score as high, 0…1.
    public var pValue: Double?
    /// Whether it was like no category that the model knows, and flagged for that, whatever its score.
    public var isUnknown: Bool?
    /// The picture itself.
    public var picture: Data
    /// The picture with the anomaly map's colours over it.
    public var heatMap: Data?
    /// The picture with the outlines of the anomalous regions.
    public var contour: Data?
    /// The labelled defect; nil for a normal picture or without a mask.
    public var groundTruth: Data?

    public init(
      fileName: String, score: Double, pValue: Double? = nil, isUnknown: Bool? = nil, picture: Data,
      heatMap: Data? = nil, contour: Data? = nil, groundTruth: Data? = nil
    ) {
      self.fileName = fileName
      self.score = score
      self.pValue = pValue
      self.isUnknown = isUnknown
      self.picture = picture
      self.heatMap = heatMap
      self.contour = contour
      self.groundTruth = groundTruth
    }
  }
}

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
