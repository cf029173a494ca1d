import Foundation

/// What a run of a plan found, as the database keeps it and as one machine hands it to another. The run's
/// own facts are its members too.
@dynamicMemberLookup
public struct BenchmarkRecord: Codable, Sendable, Equatable {
  /// What there is to say of a run in one line.
  public struct Run: Codable, Sendable, Equatable {
    /// `BenchmarkRun.key(pictures:test:)`.
    public var key: String
    /// The plan and the row that asked for it first.
    public var plan: String
    public var row: String
    public var recipe: String
    public var method: String
    public var seed: Int
    /// Separated by commas.
    public var categories: String
    /// Noise while testing; nil: none.
    public var jitter: Double?
    public var dataset: String
    /// Of the training pictures of its categories.
    public var fingerprint: String
    /// The resolved recipe.
    public var recipeYAML: String
    public var trainingPictures = 0
    public var heldOutPictures = 0
    public var trainingSeconds: Double?
    /// Epochs begun, the last one perhaps not ended when time was up.
    public var epochs: Int?
    public var steps: Int?
    /// Losses by epoch, as JSON: `[[epoch, training, held out or null], …]`.
    public var losses = "[]"
    /// Wall-clock time of detection, decoding included, per picture.
    public var millisecondsPerPicture: Double?
    /// The largest sum of the process's own (anonymous) resident pages, in bytes.
    public var peakAnonymousBytes: Int?
    public var unreadable = 0
    public var toolVersion = NormaVersion.current
    public var machine = ""
    /// When the run was done, ISO 8601 in UTC.
    public var finished = ""
  }

  public var run: Run
  /// What the evaluation found.
  public var result: EvaluationResult
  /// Every tested picture, paths relative to the data set, sorted by category, then path.
  public var pictures: [ScoredPicture]

  public subscript<Value>(dynamicMember path: WritableKeyPath<Run, Value>) -> Value {
    get { run[keyPath: path] }
    set { run[keyPath: path] = newValue }
  }

  public init(run: Run, result: EvaluationResult, pictures: [ScoredPicture]) {
    (self.run, self.result, self.pictures) = (run, result, pictures)
  }

  public init(
    key: String, plan: String, row: String, recipe: String, method: String, seed: Int,
    categories: String, jitter: Double?, dataset: String, fingerprint: String, recipeYAML: String,
    result: EvaluationResult, pictures: [ScoredPicture]
  ) {
    run = Run(
      key: key, plan: plan, row: row, recipe: recipe, method: method, seed: seed,
      categories: categories, jitter: jitter, dataset: dataset, fingerprint: fingerprint,
      recipeYAML: recipeYAML)
    self.result = result
    self.pictures = pictures
  }
}

extension BenchmarkRecord {
  /// A record of `run` as it stands when its test is done; what else is known of it is set after that.
  /// - Parameters:
  ///   - fingerprint: of the training pictures.
  ///   - pictures: paths relative to the data set.
  public init(
    _ run: BenchmarkRun, plan: String, key: String, dataset: String, fingerprint: String,
    result: EvaluationResult, pictures: [ScoredPicture]
  ) {
    self.init(
      key: key, plan: plan, row: run.row, recipe: run.recipeName, method: run.recipe.method,
      seed: run.seed, categories: run.categories.joined(separator: ","), jitter: run.jitter,
      dataset: dataset, fingerprint: fingerprint, recipeYAML: run.recipe.yaml, result: result,
      pictures: pictures)
    self.run.finished = Date().formatted(.iso8601)
  }

  /// Losses as a record keeps them: `[[epoch, training, held out or null], …]`.
  public static func losses(
    _ epochs: [(number: Int, training: Double, heldOut: Double?)]
  ) -> String {
    let rows = epochs.map {
      "[\($0.number),\($0.training),\($0.heldOut.map { "\($0)" } ?? "null")]"
    }
    return "[\(rows.joined(separator: ","))]"
  }

  /// What was found, in a line for people.
  public var summary: String {
    func metric(_ value: Double?) -> String {
      Figures.metric(value, decimals: 2)
    }
    return
      "image AUROC \(metric(result.mean.imageAUROC)), pixel \(metric(result.mean.pixelAUROC)), "
      + "AUPRO \(metric(result.mean.aupro)); trained "
      + (run.trainingSeconds.map(Figures.duration) ?? Figures.absent)
      + ", \(counted(run.epochs ?? 0, "epoch"))"
  }
}
