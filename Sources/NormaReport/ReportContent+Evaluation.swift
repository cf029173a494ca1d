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
    public var categories: [Category]
    /// The mean of the categories' metrics.
    public var mean: Metrics
    public var deciding: Deciding
    /// The share of test pictures whose category was recognised without being told, 0…1.
    public var autoCategoryAccuracy: Double?
    /// What a reader of the categories should know besides, for example how the pictures of an
    /// uncalibrated model are sorted.
    public var note: String?
    /// What it is worth to send the least sure pictures to a person.
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
  }

  /// Metrics as fractions, 0…1; nil or NaN where a metric is not defined (one class is missing, or
  /// there are no masks).
  public struct Metrics: Codable, Sendable, Equatable {
    public var imageAUROC: Double?
    public var imageAP: Double?
    public var imageF1Max: Double?
    public var pixelAUROC: Double?
    public var pixelAP: Double?
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
    public var normalCount: Int
    public var anomalousCount: Int
    public var metrics: Metrics
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
      shared: Outcome? = nil, own: Outcome? = nil, normalScores: [Double] = [],
      anomalousScores: [Double] = [], roc: [CurvePoint] = [], examples: [ExampleGroup] = []
    ) {
      self.name = name
      self.normalCount = normalCount
      self.anomalousCount = anomalousCount
      self.metrics = metrics
      self.shared = shared
      self.own = own
      self.normalScores = normalScores
      self.anomalousScores = anomalousScores
      self.roc = roc
      self.examples = examples
    }

    /// What the deciding threshold did here.
    func outcome(_ deciding: Evaluation.Deciding) -> Outcome? {
      switch deciding {
      case .shared: shared
      case .own: own
      }
    }
  }
}
