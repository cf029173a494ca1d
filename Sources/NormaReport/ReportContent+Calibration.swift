extension ReportContent {
  /// Where the model's thresholds come from and what they promise.
  public struct Calibration: Codable, Sendable, Equatable {
    /// The normal pictures that the thresholds were set by.
    public enum Source: String, Codable, Sendable {
      /// Pictures held out of training.
      case holdout
      /// Training pictures, each scored by a network that did not see it.
      case crossFit
      /// A folder of further normal pictures, given after training.
      case folder
    }

    /// The source of the thresholds; nil for an uncalibrated model.
    public var source: Source?
    /// The false-alarm rate that was asked for, 0…1.
    public var requestedRate: Double
    /// The threshold that serves every category.
    public var shared: Threshold?
    /// One threshold per category, in the page's order.
    public var categories: [CategoryThreshold]
    /// Anomaly-map values above this belong to an anomalous region.
    public var pixelThreshold: Double?

    public init(
      source: Source?, requestedRate: Double, shared: Threshold? = nil,
      categories: [CategoryThreshold] = [], pixelThreshold: Double? = nil
    ) {
      self.source = source
      self.requestedRate = requestedRate
      self.shared = shared
      self.categories = categories
      self.pixelThreshold = pixelThreshold
    }
  }

  /// A score above `value` makes a picture anomalous.
  public struct Threshold: Codable, Sendable, Equatable {
    /// Which normal pictures stand behind a category's rate.
    public enum Basis: String, Codable, Sendable {
      /// The category's own.
      case category
      /// Those of all categories, as they score.
      case pooled
      /// Those of all categories, each seen relative to its own category.
      case leaning
    }

    public var value: Double
    /// The stated share of normal pictures that score above `value`, 0…1.
    public var rate: Double
    /// How many normal pictures stand behind the rate.
    public var pictures: Int
    /// Whether the value comes from an extrapolated tail instead of from a score that was seen.
    public var isExtrapolated: Bool
    /// Nil leaves it unsaid.
    public var basis: Basis?

    public init(
      value: Double, rate: Double, pictures: Int, isExtrapolated: Bool = false,
      basis: Basis? = nil
    ) {
      self.value = value
      self.rate = rate
      self.pictures = pictures
      self.isExtrapolated = isExtrapolated
      self.basis = basis
    }
  }

  /// The threshold of one category.
  public struct CategoryThreshold: Codable, Sendable, Equatable {
    public var category: String
    public var threshold: Threshold

    public init(category: String, threshold: Threshold) {
      self.category = category
      self.threshold = threshold
    }
  }
}
