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
      shared: sum(\.shared), own: sum(\.own))
  }
}
