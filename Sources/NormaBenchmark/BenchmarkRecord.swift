import Foundation
import NormaCore

/// What a run of a plan found, as the database keeps it.
public struct BenchmarkRecord: Codable, Sendable, Equatable {
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
  public var trainingPictures: Int
  public var heldOutPictures: Int
  public var trainingSeconds: Double?
  /// Epochs begun, the last one perhaps not ended when time was up.
  public var epochs: Int?
  public var steps: Int?
  /// Losses by epoch, as JSON: `[[epoch, training, held out or null], …]`.
  public var losses: String
  /// Wall-clock time of detection, decoding included, per picture.
  public var millisecondsPerPicture: Double?
  /// The largest sum of the process's own (anonymous) resident pages, in bytes.
  public var peakAnonymousBytes: Int?
  public var unreadable: Int
  public var toolVersion: String
  public var machine: String
  /// When the run was done, ISO 8601 in UTC.
  public var finished: String
  /// What the evaluation found.
  public var result: EvaluationResult
  /// Every tested picture, paths relative to the data set, sorted by category, then path.
  public var pictures: [ScoredPicture]

  public init(
    key: String, plan: String, row: String, recipe: String, method: String, seed: Int,
    categories: String, jitter: Double?, dataset: String, fingerprint: String, recipeYAML: String,
    result: EvaluationResult, pictures: [ScoredPicture]
  ) {
    self.key = key
    self.plan = plan
    self.row = row
    self.recipe = recipe
    self.method = method
    self.seed = seed
    self.categories = categories
    self.jitter = jitter
    self.dataset = dataset
    self.fingerprint = fingerprint
    self.recipeYAML = recipeYAML
    self.result = result
    self.pictures = pictures
    trainingPictures = 0
    heldOutPictures = 0
    losses = "[]"
    unreadable = 0
    toolVersion = NormaVersion.current
    machine = ""
    finished = ""
  }
}
