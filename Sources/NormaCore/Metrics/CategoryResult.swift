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
  /// What the shared threshold does; `nil` when the model is uncalibrated.
  public var shared: ThresholdOutcome?
  /// What the category's own threshold does; `nil` when the model has none for it.
  public var own: ThresholdOutcome?

  public init(
    name: String, normalCount: Int, anomalousCount: Int, imageAUROC: Double? = nil,
    imageAP: Double? = nil, imageF1Max: Double? = nil, pixelAUROC: Double? = nil,
    pixelAP: Double? = nil, aupro: Double? = nil, shared: ThresholdOutcome? = nil,
    own: ThresholdOutcome? = nil
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
    try container.encode(shared, forKey: .shared)
    try container.encode(own, forKey: .own)
  }
}
