import NormaCore

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
      ownOutcome: outcome(\.own), sharedOutcome: sharesThreshold ? outcome(\.shared) : nil,
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
  ) -> BenchmarkSummary.Outcome? {
    func sum(_ count: (ThresholdOutcome) -> Int) -> Spread? {
      spread { records in
        let all = records.flatMap(\.result.categories)
        let known = all.compactMap(of)
        return known.count == all.count ? Double(known.reduce(0) { $0 + count($1) }) : nil
      }
    }
    guard let alarms = sum(\.falseAlarms), let misses = sum(\.misses) else { return nil }
    return BenchmarkSummary.Outcome(falseAlarms: alarms, misses: misses)
  }

  private var review: ReviewDial? {
    guard sharesThreshold else { return nil }
    let models = seeds.flatMap(\.records).map { record -> [ReviewDial.Picture] in
      guard let threshold = record.result.pooled.shared?.threshold else { return [] }
      return record.pictures.compactMap { picture in
        picture.uncertainty.map {
          ReviewDial.Picture(
            isAnomalous: picture.isAnomalous, score: picture.score, threshold: threshold,
            uncertainty: $0)
        }
      }
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
