import NormaCore

/// A number over seeds.
public struct Spread: Codable, Sendable, Equatable {
  /// The arithmetic mean.
  public var mean: Double
  /// The sample's standard deviation; nil of a single number.
  public var deviation: Double?
  /// Of how many numbers.
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
  /// The plan's name, as people read it.
  public var title: String
  /// The data set's name, as people read it.
  public var dataset: String
  /// In the plan's order.
  public var rows: [Row]
  /// Every pair of rows that have been tested on the same pictures.
  public var comparisons: [Comparison]

  /// How many of the plan's runs are done.
  public var runsDone: Int { rows.reduce(0) { $0 + $1.runsDone } }
  /// How many runs the plan has.
  public var runs: Int { rows.reduce(0) { $0 + $1.runs } }
  /// Whether a row's models tell what is in doubt.
  public var isReviewed: Bool { rows.contains { $0.review != nil } }

  /// One row; fractions between 0 and 1, over the seeds whose runs are all done.
  public struct Row: Codable, Sendable, Equatable {
    /// The row's name in the plan.
    public var name: String
    /// The name of the recipe that it varies.
    public var recipe: String
    /// The method's name in recipes.
    public var method: String
    /// Those whose runs are all done.
    public var seeds: [Int]
    /// How many of its runs are done, of how many.
    public var runsDone: Int
    public var runs: Int
    /// The mean over categories, like the metrics that follow.
    public var imageAUROC: Spread?
    /// Bootstrap over the pictures.
    public var imageInterval: Bootstrap.Interval?
    public var pixelAUROC: Spread?
    public var aupro: Spread?
    /// The best F1 of each category, averaged.
    public var categoryF1: Spread?
    /// The best F1 that one threshold for all categories reaches; nil where they do not share a model.
    public var sharedF1: Spread?
    /// By the model's own thresholds: of the category recognised, as `norma inspect` judges (nil of runs of
    /// Norma 0.1), of the category told, and the one for all.
    public var verdicts: Errors?
    public var ownOutcome: Errors?
    public var sharedOutcome: Errors?
    /// Of all models of a seed together, without the features.
    public var trainingSeconds: Spread?
    public var epochs: Spread?
    /// Optimiser steps of all models of a seed together.
    public var steps: Spread?
    /// Of testing, decoding included.
    public var millisecondsPerPicture: Spread?
    /// The largest sum of the process's own resident pages.
    public var peakAnonymousBytes: Spread?
    /// What the method's paper says of itself.
    public var published: PublishedFigures?
    /// What it is worth to send the pictures in doubt to a person, all seeds' pictures together; nil where
    /// models have no thresholds, and of runs that did not keep levels.
    public var review: ReviewDial?
    public var categories: [Category]
  }

  /// Errors of thresholds, over the seeds.
  public struct Errors: Codable, Sendable, Equatable {
    /// Normal pictures that were called anomalous.
    public var falseAlarms: Spread
    /// Anomalous pictures that were called normal.
    public var misses: Spread
  }

  /// One category of a row's models, over the seeds.
  public struct Category: Codable, Sendable, Equatable {
    public var name: String
    public var imageAUROC: Spread?
    public var imageInterval: Bootstrap.Interval?
    public var pixelAUROC: Spread?
    public var aupro: Spread?
    /// The best F1 that a threshold of the category's own reaches.
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

/// A row's finished runs by seed.
struct RowRecords {
  let row: BenchmarkRow
  /// The seeds whose runs are all done, with their records, one a group of categories.
  let seeds: [SeedRecords]
  private let runsDone: Int
  private let method: String

  struct SeedRecords {
    var seed: Int
    var records: [BenchmarkRecord]
  }

  /// A category's pictures in the order of their paths.
  struct CategoryScores {
    var name: String
    var pictures: Bootstrap.Category
    var paths: [String]
  }

  init(_ row: BenchmarkRow, record: (BenchmarkRun) throws -> BenchmarkRecord?) rethrows {
    self.row = row
    method = row.runs.first?.recipe.method ?? ""
    var (seeds, done): ([SeedRecords], Int) = ([], 0)
    for (seed, runs) in Dictionary(grouping: row.runs, by: \.seed).sorted(by: { $0.key < $1.key }) {
      let records = try runs.compactMap(record)
      done += records.count
      if records.count == runs.count { seeds.append(SeedRecords(seed: seed, records: records)) }
    }
    self.seeds = seeds
    runsDone = done
  }

  func summary(_ bootstrap: Bootstrap) throws -> BenchmarkSummary.Row {
    let scored = scores()
    return BenchmarkSummary.Row(
      name: row.name, recipe: row.recipeName, method: method, seeds: seeds.map(\.seed),
      runsDone: runsDone, runs: row.runs.count, imageAUROC: mean(\.imageAUROC),
      imageInterval: try bootstrap.interval(scored.map(\.pictures)), pixelAUROC: mean(\.pixelAUROC),
      aupro: mean(\.aupro), categoryF1: mean(\.imageF1Max), sharedF1: sharedF1,
      verdicts: outcome(\.verdicts), ownOutcome: outcome(\.own),
      sharedOutcome: sharesThreshold ? outcome(\.shared) : nil,
      trainingSeconds: total { $0.trainingSeconds },
      epochs: average { $0.epochs.map(Double.init) }, steps: total { $0.steps.map(Double.init) },
      millisecondsPerPicture: average { $0.millisecondsPerPicture },
      peakAnonymousBytes: spread { records in
        let all = records.compactMap(\.peakAnonymousBytes)
        return all.max().map(Double.init)
      }, published: row.published, review: review,
      categories: try scored.map { try category($0.name, $0.pictures, bootstrap) })
  }

  private func category(
    _ name: String, _ pictures: Bootstrap.Category, _ bootstrap: Bootstrap
  ) throws -> BenchmarkSummary.Category {
    func metric(_ value: (CategoryResult) -> Double?) -> Spread? {
      spread { records in
        records.flatMap(\.result.categories).first { $0.name == name }.flatMap(value)
      }
    }
    return BenchmarkSummary.Category(
      name: name, imageAUROC: metric(\.imageAUROC),
      imageInterval: try bootstrap.interval([pictures]), pixelAUROC: metric(\.pixelAUROC),
      aupro: metric(\.aupro), f1Max: metric(\.imageF1Max))
  }

  // MARK: Over the seeds

  private func spread(_ value: ([BenchmarkRecord]) -> Double?) -> Spread? {
    Spread(seeds.compactMap { value($0.records) })
  }

  /// The mean over all categories of a seed, whatever models they share.
  private func mean(_ metric: (CategoryResult) -> Double?) -> Spread? {
    spread { records in
      Spread(records.flatMap(\.result.categories).compactMap(metric))?.mean
    }
  }

  /// The sum over a seed's models; nil when one does not know.
  private func total(_ value: (BenchmarkRecord) -> Double?) -> Spread? {
    spread { records in
      let values = records.compactMap(value)
      return values.count == records.count ? values.reduce(0, +) : nil
    }
  }

  private func average(_ value: (BenchmarkRecord) -> Double?) -> Spread? {
    spread { Spread($0.compactMap(value))?.mean }
  }

  /// Whether one model, and so one threshold, serves all of a seed's categories.
  private var sharesThreshold: Bool { seeds.allSatisfy { $0.records.count == 1 } }

  private var sharedF1: Spread? {
    sharesThreshold ? spread { $0.first?.result.pooled.imageF1Max } : nil
  }

  /// The sums over a seed's categories.
  private func outcome(
    _ of: (CategoryResult) -> ThresholdOutcome?
  ) -> BenchmarkSummary.Errors? {
    func sum(_ count: (ThresholdOutcome) -> Int) -> Spread? {
      spread { records in
        let all = records.flatMap(\.result.categories)
        let known = all.compactMap(of)
        return known.count == all.count ? Double(known.reduce(0) { $0 + count($1) }) : nil
      }
    }
    guard let alarms = sum(\.falseAlarms), let misses = sum(\.misses) else { return nil }
    return BenchmarkSummary.Errors(falseAlarms: alarms, misses: misses)
  }

  private var review: ReviewDial? {
    let models = seeds.flatMap(\.records).map { record in
      record.pictures.compactMap { ReviewDial.Picture($0) }
    }
    return models.allSatisfy(\.isEmpty) ? nil : ReviewDial(models: models)
  }

  // MARK: Pictures

  /// Each category's pictures, with the scores by every seed's model; only pictures that all have.
  func scores() -> [CategoryScores] {
    let bySeed = seeds.map { seed in
      Dictionary(
        seed.records.flatMap(\.pictures).map { ($0.path, $0) },
        uniquingKeysWith: { first, _ in first })
    }
    guard let first = bySeed.first else { return [] }
    let shared = first.values.filter { picture in bySeed.allSatisfy { $0[picture.path] != nil } }
    return Dictionary(grouping: shared, by: \.category).sorted { $0.key < $1.key }
      .map { name, pictures in
        let sorted = pictures.sorted { $0.path < $1.path }
        return CategoryScores(
          name: name,
          pictures: Bootstrap.Category(
            labels: sorted.map(\.isAnomalous),
            scores: bySeed.map { seed in sorted.compactMap { seed[$0.path]?.score } }),
          paths: sorted.map(\.path))
      }
  }

  /// Both rows' scores where they have been tested on the very same pictures; nil otherwise.
  func comparable(
    with other: RowRecords
  ) -> (first: [Bootstrap.Category], second: [Bootstrap.Category])? {
    let (mine, others) = (scores(), other.scores())
    guard !mine.isEmpty, mine.map(\.paths) == others.map(\.paths),
      mine.map(\.pictures.labels) == others.map(\.pictures.labels)
    else { return nil }
    return (mine.map(\.pictures), others.map(\.pictures))
  }
}
