/// What an evaluation finds: every category, their mean, and all pictures as if of one category.
public struct EvaluationResult: Codable, Sendable, Equatable {
  /// One a category, sorted by name.
  public var categories: [CategoryResult]
  /// The mean of each metric over the categories that have it, each counting the same; counts and
  /// threshold outcomes are sums, the latter only where every category has one. This is what papers report.
  public var mean: CategoryResult
  /// All pictures ranked together: what one shared threshold has to live with.
  public var pooled: CategoryResult

  public init(categories: [CategoryResult], mean: CategoryResult, pooled: CategoryResult) {
    self.categories = categories
    self.mean = mean
    self.pooled = pooled
  }

  /// Measures an evaluation.
  ///
  /// - Parameters:
  ///   - pictures: every tested picture.
  ///   - pixels: pixel metrics by category; categories without masks are absent.
  ///   - pooledPixels: pixel metrics of all categories together; `nil` when not measured.
  ///   - calibration: the model's, for what its thresholds do; `nil` leaves that out.
  /// - Throws: ``MetricError`` for NaN scores.
  public init(
    pictures: [ScoredPicture], pixels: [String: PixelResult] = [:],
    pooledPixels: PixelResult? = nil, calibration: Calibration? = nil
  ) throws {
    categories = try Dictionary(grouping: pictures, by: \.category)
      .sorted { $0.key < $1.key }
      .map { name, pictures in
        try CategoryResult(
          name: name, pictures: pictures, pixels: pixels[name], calibration: calibration)
      }
    mean = Self.mean(categories)
    pooled = try CategoryResult(
      name: "pooled", pictures: pictures, pixels: pooledPixels, calibration: calibration)
    pooled.own = mean.own
  }

  private static func mean(_ results: [CategoryResult]) -> CategoryResult {
    func mean(_ metric: (CategoryResult) -> Double?) -> Double? {
      let values = results.compactMap(metric)
      return values.isEmpty ? nil : values.reduce(0, +) / Double(values.count)
    }
    func sum(_ outcome: (CategoryResult) -> ThresholdOutcome?) -> ThresholdOutcome? {
      let known = results.compactMap(outcome)
      return known.count == results.count ? ThresholdOutcome.sum(known) : nil
    }
    return CategoryResult(
      name: "mean", normalCount: results.reduce(0) { $0 + $1.normalCount },
      anomalousCount: results.reduce(0) { $0 + $1.anomalousCount },
      imageAUROC: mean(\.imageAUROC), imageAP: mean(\.imageAP), imageF1Max: mean(\.imageF1Max),
      pixelAUROC: mean(\.pixelAUROC), pixelAP: mean(\.pixelAP), aupro: mean(\.aupro),
      verdicts: sum(\.verdicts), shared: sum(\.shared), own: sum(\.own))
  }
}

/// The metrics of one category, or of several under one name; fractions between 0 and 1.
///
/// In JSON every key is present; what could not be measured is `null`.
public struct CategoryResult: Codable, Sendable, Equatable {
  public var name: String
  /// Normal and anomalous pictures tested.
  public var normalCount: Int
  public var anomalousCount: Int
  /// Area under the ROC curve, average precision and largest F1 of the image scores; `nil` when one
  /// class is missing.
  public var imageAUROC: Double?
  public var imageAP: Double?
  public var imageF1Max: Double?
  /// The same of the pixels, and the area under the per-region-overlap curve; `nil` without masks.
  public var pixelAUROC: Double?
  public var pixelAP: Double?
  public var aupro: Double?
  /// What an inspection says that is told nothing: each picture by the category that is recognised; `nil`
  /// when the model is uncalibrated, or of results of Norma 0.1.
  public var verdicts: ThresholdOutcome?
  /// What the shared threshold does; `nil` when the model is uncalibrated.
  public var shared: ThresholdOutcome?
  /// What the category's own threshold does; `nil` when the model has none for it.
  public var own: ThresholdOutcome?

  public init(
    name: String, normalCount: Int, anomalousCount: Int, imageAUROC: Double? = nil,
    imageAP: Double? = nil, imageF1Max: Double? = nil, pixelAUROC: Double? = nil,
    pixelAP: Double? = nil, aupro: Double? = nil, verdicts: ThresholdOutcome? = nil,
    shared: ThresholdOutcome? = nil, own: ThresholdOutcome? = nil
  ) {
    self.name = name
    self.normalCount = normalCount
    self.anomalousCount = anomalousCount
    self.imageAUROC = imageAUROC
    self.imageAP = imageAP
    self.imageF1Max = imageF1Max
    self.pixelAUROC = pixelAUROC
    self.pixelAP = pixelAP
    self.aupro = aupro
    self.verdicts = verdicts
    self.shared = shared
    self.own = own
  }

  /// Measures one category.
  ///
  /// - Parameters:
  ///   - pictures: the category's pictures.
  ///   - pixels: its pixel metrics; `nil` without masks.
  ///   - calibration: the model's, for what its thresholds do.
  /// - Throws: ``MetricError`` for NaN scores.
  public init(
    name: String, pictures: [ScoredPicture], pixels: PixelResult?, calibration: Calibration?
  ) throws {
    let image = try Metrics.image(
      scores: pictures.map(\.score), labels: pictures.map(\.isAnomalous))
    let anomalous = pictures.count { $0.isAnomalous }
    self.init(
      name: name, normalCount: pictures.count - anomalous, anomalousCount: anomalous,
      imageAUROC: image.auroc, imageAP: image.averagePrecision, imageF1Max: image.f1Max,
      pixelAUROC: pixels?.auroc, pixelAP: pixels?.averagePrecision, aupro: pixels?.aupro,
      verdicts: ThresholdOutcome(verdicts: pictures),
      shared: calibration?.shared.map {
        ThresholdOutcome(threshold: $0.value, pictures: pictures)
      },
      own: calibration?.categories[name].map {
        ThresholdOutcome(threshold: $0.value, pictures: pictures)
      })
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(name, forKey: .name)
    try container.encode(normalCount, forKey: .normalCount)
    try container.encode(anomalousCount, forKey: .anomalousCount)
    try container.encode(imageAUROC, forKey: .imageAUROC)
    try container.encode(imageAP, forKey: .imageAP)
    try container.encode(imageF1Max, forKey: .imageF1Max)
    try container.encode(pixelAUROC, forKey: .pixelAUROC)
    try container.encode(pixelAP, forKey: .pixelAP)
    try container.encode(aupro, forKey: .aupro)
    try container.encode(verdicts, forKey: .verdicts)
    try container.encode(shared, forKey: .shared)
    try container.encode(own, forKey: .own)
  }
}

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

  /// Counts what verdicts were given; nil when one was not.
  public init?(verdicts pictures: [ScoredPicture]) {
    guard pictures.allSatisfy({ $0.flagged != nil }) else { return nil }
    threshold = nil
    falseAlarms = pictures.count { !$0.isAnomalous && $0.flagged == true }
    misses = pictures.count { $0.isAnomalous && $0.flagged == false }
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
