import NormaCore

/// A number over seeds.
public struct Spread: Codable, Sendable, Equatable {
  public var mean: Double
  /// The sample's standard deviation; nil of a single number.
  public var deviation: Double?
  public var count: Int

  /// Nil for no numbers.
  public init?(_ values: [Double]) {
    guard !values.isEmpty else { return nil }
    let mean = values.reduce(0, +) / Double(values.count)
    self.mean = mean
    count = values.count
    deviation =
      values.count > 1
      ? (values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count - 1))
        .squareRoot() : nil
  }
}

/// A plan's table as far as its runs are done.
public struct BenchmarkSummary: Codable, Sendable, Equatable {
  public var title: String
  public var dataset: String
  public var rows: [Row]
  /// Every pair of rows that have been tested on the same pictures.
  public var comparisons: [Comparison]

  /// One row; fractions between 0 and 1, over the seeds whose runs are all done.
  public struct Row: Codable, Sendable, Equatable {
    public var name: String
    public var recipe: String
    public var method: String
    public var seeds: [Int]
    public var runsDone: Int
    public var runs: Int
    public var imageAUROC: Spread?
    /// Bootstrap over the pictures.
    public var imageInterval: Bootstrap.Interval?
    public var pixelAUROC: Spread?
    public var aupro: Spread?
    /// The best F1 of each category, averaged.
    public var categoryF1: Spread?
    /// The best F1 that one threshold for all categories reaches; nil where they do not share a model.
    public var sharedF1: Spread?
    /// By the model's own thresholds: the categories', and the one for all.
    public var ownOutcome: Outcome?
    public var sharedOutcome: Outcome?
    public var trainingSeconds: Spread?
    public var epochs: Spread?
    public var steps: Spread?
    public var millisecondsPerPicture: Spread?
    public var peakAnonymousBytes: Spread?
    public var published: PublishedFigures?
    /// What it is worth to send the least sure pictures to a person, all seeds' pictures together; nil
    /// for methods that do not know how sure they are, or without a threshold for all categories.
    public var review: ReviewDial?
    public var categories: [Category]
  }

  /// Errors of thresholds, over the seeds.
  public struct Outcome: Codable, Sendable, Equatable {
    public var falseAlarms: Spread
    public var misses: Spread
  }

  public struct Category: Codable, Sendable, Equatable {
    public var name: String
    public var imageAUROC: Spread?
    public var imageInterval: Bootstrap.Interval?
    public var pixelAUROC: Spread?
    public var aupro: Spread?
    public var f1Max: Spread?
  }

  /// `first` minus `second`, image AUROC.
  public struct Comparison: Codable, Sendable, Equatable {
    public var first: String
    public var second: String
    public var difference: Bootstrap.Difference
  }
}

extension BenchmarkSummary {
  /// - Parameters:
  ///   - rows: the plan's.
  ///   - record: the record of a run; nil while it is not done.
  public init(
    title: String, dataset: String, rows: [BenchmarkRow], bootstrap: Bootstrap,
    record: (BenchmarkRun) throws -> BenchmarkRecord?
  ) throws {
    let found = try rows.map { try RowRecords($0, record: record) }
    self.title = title
    self.dataset = dataset
    self.rows = try found.map { try $0.summary(bootstrap) }
    comparisons = []
    for (index, first) in found.enumerated() {
      for second in found[(index + 1)...] {
        guard let (a, b) = first.comparable(with: second),
          let difference = try bootstrap.difference(a, b)
        else { continue }
        comparisons.append(
          Comparison(first: first.row.name, second: second.row.name, difference: difference))
      }
    }
  }
}
